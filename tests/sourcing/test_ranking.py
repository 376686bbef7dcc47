"""Sites are asked in one order, remembered per destination, and never a stale one."""

from hypothesis import given
from hypothesis import strategies as st

from ordercore.plan import Site, Sites, Sourcing
from ordercore.sourcing import ranking
from ordercore.sourcing.ranking import by_distance, by_rank
from ordercore.values import GeoPoint

points = st.builds(GeoPoint, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
few = st.sampled_from([GeoPoint(0, 0), GeoPoint(0, 1), GeoPoint(10_000_000, 0), GeoPoint(-10_000_000, 0), None])
HERE = GeoPoint(51_500_000, -100_000)


def asked(sites, destination=None):
    return Sourcing((), {}, sites, destination)


def site(code, point=None, rank=0):
    return Site(f"loc/{code}", code, point=point, rank=rank)


def mapping(*sites):
    return {one.place: one for one in sites}


@given(st.lists(st.tuples(points | few, st.integers(-2, 2)), max_size=8), points | few)
def test_distance_goes_before_rank_before_code_and_sites_without_a_point_come_last(rows, destination):
    sites = mapping(*(site(f"S{n}", point, rank) for n, (point, rank) in enumerate(rows)))

    def key(one):
        if destination is None or one.point is None:
            return 1, 0, one.rank, one.code
        return 0, destination.metres_to(one.point), one.rank, one.code

    expected = tuple(one.place for one in sorted(sites.values(), key=key))
    assert by_distance(asked(sites, destination)) == expected
    assert by_distance(asked(Sites(sites), destination)) == expected


def test_equal_ranks_go_by_code():
    sites = mapping(site("B", rank=1), site("C"), site("A", rank=1))
    assert by_rank(asked(sites)) == ("loc/C", "loc/A", "loc/B")


def test_a_mapping_that_changed_is_sorted_again():
    sites = mapping(site("A"), site("B", rank=1))
    assert by_rank(asked(sites)) == ("loc/A", "loc/B")
    sites["loc/B"] = site("B", rank=-1)
    assert by_rank(asked(sites)) == ("loc/B", "loc/A")


def test_two_shops_with_the_same_places_do_not_share_an_order():
    one, other = mapping(site("A", HERE), site("B")), mapping(site("A"), site("B", HERE))
    assert [by_distance(asked(sites, HERE))[0] for sites in (one, other, one)] == ["loc/A", "loc/B", "loc/A"]


def test_no_more_rankings_are_remembered_than_the_limit(monkeypatch):
    monkeypatch.setattr(ranking, "MOST_RANKINGS", 10)
    sites = Sites(mapping(site("A", HERE), site("B", GeoPoint(0, 0))))
    for n in range(100):
        assert by_distance(asked(sites, GeoPoint(n, 0))) == ("loc/B", "loc/A")
        assert len(sites.rankings) <= 10


def test_a_destination_seen_before_is_not_measured_again():
    sites = Sites(mapping(site("A", HERE), site("B", GeoPoint(0, 0))))
    assert by_distance(asked(sites, GeoPoint(1, 1))) is by_distance(asked(sites, GeoPoint(1, 1)))


def test_destinations_that_differ_in_one_coordinate_have_orders_of_their_own():
    sites = Sites(mapping(site("W", GeoPoint(0, 0)), site("E", GeoPoint(0, 9)), site("N", GeoPoint(99, 0))))
    nearest = [by_distance(asked(sites, GeoPoint(*point)))[0] for point in ((0, 1), (0, 8), (98, 1), (0, 1))]
    assert nearest == ["loc/W", "loc/E", "loc/N", "loc/W"]
