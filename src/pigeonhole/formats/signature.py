"""What the first bytes of a file say it is, whatever its name says."""

HEAD_BYTES = 64

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",  # MPO too: its first picture is an ordinary JPEG
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # their lengths; two letters alone would take a text for a picture
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def kind_of(head: bytes) -> str | None:
    """The format of a file of which `head` is the first `HEAD_BYTES` bytes or more, None where we read no such format.

    One of JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, HEIC and PPM (with PBM and PGM).
    """
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace() and head[2:].lstrip()[:1] in b"#0123456789":
        return "PPM"
    if head[4:8] == b"ftyp":
        return _brand(head)
    return None


def looks_like_picture(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` bytes are those of a picture in one of the formats that we read."""
    return kind_of(head) is not None


def _brand(head: bytes) -> str | None:
    """AVIF or HEIC by the brands in the first box. Both may call themselves mif1 first and say the rest behind it."""
    end = min(int.from_bytes(head[:4]), HEAD_BYTES)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None
