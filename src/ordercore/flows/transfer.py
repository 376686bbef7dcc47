"""Transfers in flows: available units leave one location and arrive, in parts if need be, at another."""

from __future__ import annotations

from ordercore.errors import At, NotFound
from ordercore.flow import Flow, ReadState, guard, read
from ordercore.flows.catalog import ReadCatalog
from ordercore.flows.shop import Shop
from ordercore.flows.stock import settle, skus_at
from ordercore.message import Context
from ordercore.stock import decide
from ordercore.stock.commands import ReceiveTransfer, SendTransfer
from ordercore.stock.lines import require_lines
from ordercore.stock.state import TRANSFERS, fold_transfer, transfer_stream
from ordercore.store import Append
from ordercore.values import Stream, code_of


def flow_send_transfer(command: SendTransfer, context: Context, shop: Shop) -> Flow[str]:
    """Units leave a location; until they arrive they stand at the place of the transfer."""
    most = shop.policies.lines_max
    require_lines(command.lines, most)
    stream = _stream(command.transfer)
    catalog, state = ReadCatalog(skus_at([line.sku for line in command.lines])), ReadState(stream, TRANSFERS)
    snapshot = yield from read(catalog, state)
    view, loaded = snapshot.of(catalog), snapshot.of(state)
    yield from guard(command, loaded.state)
    source = view.location(command.source, path="source").place
    target = view.location(command.target, path="target").place
    event = decide.send(loaded.state, command, view, source, target, most)
    own, after = Append(stream, loaded.version, (event,)), fold_transfer(None, (event,), stream)
    return (yield from settle(own, context, shop, requires=[view.require], states={stream: after}))


def flow_receive_transfer(command: ReceiveTransfer, context: Context, shop: Shop) -> Flow[str]:
    """Units arrived or are missing; lots are those that were sent."""
    stream = _stream(command.transfer)
    state = ReadState(stream, TRANSFERS)
    loaded = (yield from read(state)).of(state)
    if loaded.state is None:
        name = command.transfer
        raise NotFound(
            f"There is no transfer {name!r}.",
            kind="transfer",
            name=name,
            path="transfer",
            hint="SendTransfer begins one, under the id that you give it.",
        )
    yield from guard(command, loaded.state)
    event = decide.arrive(loaded.state, command, shop.policies.lines_max)
    after = fold_transfer(loaded.state, (event,), stream)
    return (yield from settle(Append(stream, loaded.version, (event,)), context, shop, states={stream: after}))


def _stream(transfer: str) -> Stream:
    with At("transfer"):
        return transfer_stream(code_of(transfer, what="transfer"))
