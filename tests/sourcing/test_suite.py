"""The built-in strategies keep the rules of any strategy, and those that they promise besides."""

from ordercore.plan import Leg
from ordercore.sourcing import fewest_parcels, nearest, priority
from ordercore.testing import StrategySuite


class TestPriority(StrategySuite):
    complete = first_come = explains = True

    def make_strategy(self):
        return priority


class TestNearest(StrategySuite):
    complete = first_come = explains = True

    def make_strategy(self):
        return nearest


class TestFewestParcels(StrategySuite):
    complete = first_come = explains = True

    def make_strategy(self):
        return fewest_parcels


class OneSiteOrNothing:
    """All lines from the first site that has it all, or nothing."""

    name = "one_site"
    version = 1

    def __call__(self, request):
        wanted = {}
        for demand in request.demands:
            wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
        for site in sorted(request.sites.values(), key=lambda site: (site.rank, site.code)):
            enough = all(request.usable(sku, site.place) >= units for sku, units in wanted.items())
            if enough and all(demand.allows(site.place) for demand in request.demands):
                return tuple(Leg(one.line, one.sku, site.place, one.quantity) for one in request.demands)
        return ()


class TestOneSiteOrNothing(StrategySuite):
    """A strategy need neither serve as much as can be, nor explain itself."""

    any_line_order = True

    def make_strategy(self):
        return OneSiteOrNothing()
