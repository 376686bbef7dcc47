"""Labels of 100 by 150 millimetres, as ZPL II for label printers and as PDF, and the list of a hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from attrs import field, frozen

from ordercore.ports import BookingRequest, LabelDocument
from ordercore.values import Address

DPI: Final = 203
WIDTH_MM, HEIGHT_MM = 100, 150
SIZE: Final = f"{WIDTH_MM}x{HEIGHT_MM} mm"
_DOTS: Final = 8
"""Dots per millimetre at 203 dpi."""


@frozen
class Printed:
    """What stands on a label."""

    carrier: str
    number: str
    zone: str
    request: BookingRequest = field(repr=False)
    font: str = ""
    """A TrueType file for letters that Helvetica has not."""

    @property
    def service(self) -> str:
        """In capitals, as a sorter reads it from afar."""
        return self.request.service.upper()

    @property
    def facts(self) -> str:
        """Weight, day of the hand-over, and the sender's reference."""
        parcel = self.request.parcel
        kilograms, grams = divmod(parcel.weight_grams, 1_000)
        return f"{kilograms}.{grams:03d} kg   {self.request.ship_on.isoformat()}   {parcel.reference}".rstrip()


def lines_of(address: Address) -> list[str]:
    """An address as it is written, a line each; only what there is."""
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return [line for line in (address.name, *address.lines, town, address.region, address.country) if line]


def zpl(printed: Printed) -> LabelDocument:
    """ZPL II: UTF-8 (^CI28), every field hexadecimal where it could be taken for a command (^FH), Code 128 by ^BC."""
    parts = [
        "^XA", "^CI28", f"^PW{WIDTH_MM * _DOTS}", f"^LL{HEIGHT_MM * _DOTS}", "^LH0,0",
        _text(40, 40, 50, printed.carrier), _text(40, 110, 90, printed.service), _text(640, 110, 90, printed.zone[:8]),
        "^FO40,215^GB720,4,4^FS", _text(40, 235, 24, "FROM"),
    ]  # fmt: skip
    parts += [_text(40, 265 + 30 * n, 26, line) for n, line in enumerate(lines_of(printed.request.sender)[:5])]
    parts += ["^FO40,430^GB720,4,4^FS", _text(40, 450, 24, "TO")]
    parts += [_text(40, 485 + 55 * n, 48, line) for n, line in enumerate(lines_of(printed.request.recipient)[:6])]
    parts += [
        "^FO40,825^GB720,4,4^FS", _text(40, 845, 28, printed.facts),
        f"^BY3,2,200^FO60,900^BCN,200,N,N,N,A{_data(printed.number)}", _text(60, 1125, 40, printed.number), "^XZ",
    ]  # fmt: skip
    return LabelDocument("application/zpl", "\n".join(parts).encode(), DPI, SIZE)


def _text(x: int, y: int, height: int, text: str) -> str:
    return f"^FO{x},{y}^A0N,{height},{height}{_data(text)}"


def _data(text: str) -> str:
    """A field: what could be a command or the escape itself goes as hexadecimal UTF-8."""
    written = "".join(
        "".join(f"_{byte:02X}" for byte in letter.encode()) if _special(letter) else letter for letter in text
    )
    return f"^FH_^FD{written}^FS"


def _special(letter: str) -> bool:
    return letter in "^~_" or not letter.isprintable()


def pdf(printed: Printed) -> LabelDocument:
    """The same as PDF; the same label always has the same bytes."""
    from reportlab.graphics.barcode.code128 import Code128
    from reportlab.lib.units import mm

    buffer, page = _page(f"Label {printed.number}", WIDTH_MM, HEIGHT_MM)
    _write(page, 5, 140, 14, printed.carrier, bold=True)
    _write(page, 5, 128, 24, printed.service, bold=True)
    page.setFont("Helvetica-Bold", 20)
    page.drawRightString(95 * mm, 128 * mm, printed.zone)
    for y in (124, 98, 48):
        page.line(5 * mm, y * mm, 95 * mm, y * mm)
    _block(page, 120, 8, 4, ["FROM", *lines_of(printed.request.sender)[:5]], printed.font)
    _block(page, 92, 14, 6.5, lines_of(printed.request.recipient)[:6], printed.font)
    _write(page, 5, 43, 8, printed.facts)
    bars = Code128(printed.number, barHeight=25 * mm, barWidth=0.29 * mm, quiet=False, humanReadable=False)
    bars.drawOn(page, (WIDTH_MM * mm - bars.width) / 2, 14 * mm)
    page.setFont("Courier-Bold", 13)
    page.drawCentredString(WIDTH_MM * mm / 2, 8 * mm, printed.number)
    return _finished(buffer, page, SIZE)


def manifest(carrier: str, reference: str, numbers: Sequence[str]) -> LabelDocument:
    """The list to sign when the parcels are handed over: A4, fifty numbers a page."""
    buffer, page = _page(f"Manifest {reference}", 210, 297)
    for start in range(0, len(numbers), 50):
        if start:
            page.showPage()
        _write(page, 20, 275, 16, f"{carrier}: parcels handed over, {reference}", bold=True)
        for n, number in enumerate(numbers[start : start + 50]):
            _write(page, 20, 265 - 4.6 * n, 9, f"{start + n + 1:>5}   {number}")
        _write(page, 20, 20, 10, f"{len(numbers)} parcels.   Received by: ______________________   Date: ____________")
    return _finished(buffer, page, "A4")


def _page(title: str, width_mm: int, height_mm: int) -> tuple[BytesIO, Any]:
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    # invariant: no time and no chance in the file.
    page = Canvas(buffer, pagesize=(width_mm * mm, height_mm * mm), invariant=True, pageCompression=1)
    page.setTitle(title)
    return buffer, page


def _finished(buffer: BytesIO, page: Any, size: str) -> LabelDocument:
    page.showPage()
    page.save()
    return LabelDocument("application/pdf", buffer.getvalue(), 0, size)


def _block(page: Any, top_mm: float, size: int, step_mm: float, lines: Sequence[str], file: str) -> None:
    for n, line in enumerate(lines):
        _write(page, 5, top_mm - step_mm * n, size, line, file=file)


def _write(page: Any, x_mm: float, y_mm: float, size: int, text: str, *, bold: bool = False, file: str = "") -> None:
    """One line, made smaller where it would leave the page; in a font that has its letters."""
    from reportlab.lib.units import mm
    from reportlab.pdfbase.pdfmetrics import stringWidth

    font = _font(text, file, bold=bold)
    room = page._pagesize[0] - 2 * x_mm * mm
    width = stringWidth(text, font, size)
    page.setFont(font, size if width <= room else size * room / width)
    page.drawString(x_mm * mm, y_mm * mm, text)


def _font(text: str, file: str, *, bold: bool) -> str:
    """Helvetica for Western letters. For others the table's font, embedded; else a Chinese one that the reader must have."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return _other_font(file)
    return "Helvetica-Bold" if bold else "Helvetica"


def _other_font(file: str) -> str:
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    name = f"table-{file}" if file else "STSong-Light"
    registerFont(TTFont(name, file) if file else UnicodeCIDFont(name))
    return name
