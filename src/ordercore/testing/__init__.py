"""What tests of an application or a plugin need: fixtures, suites to subclass, strategies."""
