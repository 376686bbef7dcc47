"""The rules of `docs/channels.md` by theme: a part of `ChannelSuite` each."""
