"""Functions that queries may use: of the period and its days, of money, of units, and of words."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ordercore.report.period import Period
from ordercore.values import CURRENCIES


@frozen
class Function:
    """A macro of DuckDB: how it is called, what it is, and what it means."""

    signature: str
    sql: str
    doc: str

    @property
    def ddl(self) -> str:
        """The statement that makes it."""
        return f"create macro {self.signature} as {self.sql}"


def functions(period: Period) -> tuple[Function, ...]:
    """All of them, for one period; each may use those before it."""
    zone = "timezone('{}', timezone('UTC', moment))".format(period.zone.replace("'", "''"))
    series = f"generate_series(point_of(period_start()), point_of(as_of()), interval 1 {period.grain})"
    return (
        Function("period_start()", f"timestamp '{period.start}'", "The first moment of the period, in UTC."),
        Function("period_end()", f"timestamp '{period.end}'", "The first moment after it, in UTC."),
        Function("as_of()", f"timestamp '{period.as_of}'", "The last moment that anything is known of: ages end here."),
        Function(
            "in_period(moment)",
            f"moment >= timestamp '{period.start}' and moment < timestamp '{period.end}'",
            "Whether a time of the facts lies in the period.",
        ),
        Function("local_time(moment)", zone, "The moment in the time zone of the report."),
        Function("day_of(moment)", f"cast({zone} as date)", "Its day there."),
        Function("month_of(moment)", f"cast(date_trunc('month', {zone}) as date)", "The first day of its month there."),
        Function("grain()", f"'{period.grain}'", "`day`, `week` or `month`: what a point of a chart over time is."),
        Function(
            "point_of(moment)",
            f"cast(date_trunc('{period.grain}', {zone}) as date)",
            "The first day of the day, week or month: so that a chart never has more points than can be seen.",
        ),
        Function("next_point(point)", f"cast(point + interval 1 {period.grain} as date)", "Where the next one begins."),
        Function("points()", f"table select cast(unnest({series}) as date) as point", "A table of all of them."),
        Function("hours_between(earlier, later)", "epoch(later - earlier) / 3600", "Hours, with a fraction."),
        Function(
            "days_between(earlier, later)", "epoch(later - earlier) / 86400", "Days of 24 hours, with a fraction."
        ),
        Function("minor_units(currency)", _by_digits("1{0}"), "Minor units of one major unit: 100 for EUR, 1 for JPY."),
        Function(
            "major(amount, currency)",
            f"cast(amount as decimal(24, 0)) * {_by_digits('{1}::decimal(5, 4)')}",
            "Minor units as an exact decimal of major units.",
        ),
        Function("written(value, currency)", _by_digits(_WRITTEN), "Major units as text, in the currency's digits."),
        Function("amount(minor, currency)", "written(major(minor, currency), currency)", "Minor units as such text."),
        Function(
            "money(minor, currency)", "concat(currency, ' ', amount(minor, currency))", "The same with its currency."
        ),
        Function("sale_units(quantity, scale)", "quantity / pow(10.0, scale)", "Smallest units as units of sale."),
        Function(
            "thousands(number)",
            "if(number = round(number), format('{:,}', cast(number as bigint)), format('{:,.1f}', number))",
            "A number as text, with separators.",
        ),
        Function("percent(share)", "format('{:.1f} %', 100.0 * share)", "A share of 1 as text."),
        Function(
            "plural(number, one, many)",
            "concat(thousands(number), ' ', if(number = 1, one, many))",
            "`1 order`, `2 orders`.",
        ),
    )


_WRITTEN: Final = "format('{{:,.{2}f}}', cast(value as double))"


def _by_digits(form: str) -> str:
    """A CASE over currencies that do not have two digits; `form` is given zeros, 10**-digits and digits."""

    def value(digits: int) -> str:
        return form.format("0" * digits, f"{10**-digits:.4f}", digits)

    odd: dict[int, list[str]] = {}
    for code, digits in sorted(CURRENCIES.items()):
        if digits != 2:
            odd.setdefault(digits, []).append(f"'{code}'")
    cases = " ".join(f"when currency in ({', '.join(codes)}) then {value(digits)}" for digits, codes in odd.items())
    return f"case {cases} else {value(2)} end"
