"""What the first bytes of a file say it is, whatever its name says."""

HEAD_BYTES = 32
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_SIGNATURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
_PORTABLE_MAPS = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")


def looks_like_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def looks_like_picture(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` bytes are those of a picture in one of the formats that we read."""
    return (
        head.startswith(_SIGNATURES)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"))
        or looks_like_heic(head)
        or (head[:2] in _PORTABLE_MAPS and head[2:3].isspace())
    )
