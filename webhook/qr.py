"""The QR code of a poster, as a drawing or as a picture; made here, asked of nobody.

What draws it is loaded with the first one: most processes never draw any.
"""

from io import BytesIO
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from qrcode import QRCode
    from qrcode.image.pure import PyPNGImage

# A wet or crumpled poster is still read; the quiet edge of four is what the standard asks for.
EDGE = 4
_DOTS = 12


def svg(address: str) -> bytes:
    """Return the code as SVG with a white ground, dark modules in one path."""
    from qrcode.image.svg import SvgPathFillImage

    code = _code(address)
    return cast("bytes", code.make_image(image_factory=SvgPathFillImage).to_string())


def png(address: str) -> bytes:
    """Return the code as PNG, black on white, 12 dots a module."""
    from qrcode.image.pure import PyPNGImage

    written = BytesIO()
    _code(address).make_image(image_factory=PyPNGImage).save(written)
    return written.getvalue()


def modules(address: str) -> int:
    """Return how many modules wide and high the code is, without its quiet edge."""
    code = _code(address)
    code.make()
    return int(code.modules_count)


def _code(address: str) -> "QRCode[PyPNGImage]":
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_M

    code: QRCode[PyPNGImage] = QRCode(
        error_correction=ERROR_CORRECT_M, box_size=_DOTS, border=EDGE
    )
    code.add_data(address)
    return code
