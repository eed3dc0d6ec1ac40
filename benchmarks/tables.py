"""What the benchmark prints: tables in Markdown, ratios to the best peer in float32."""

from collections.abc import Mapping, Sequence
from statistics import median

from contenders import Contender
from corpus import Corpus
from rounds import Times

HEAD = (
    "| | pictures/s | lowest to highest | of the best float32 peer | of the limit | steady pictures/s | peak MiB "
    "| one picture, s | of the quickest peer |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
)


def table(contenders: Sequence[Contender], times: Mapping[str, Times]) -> str:
    """One line for each; those on a GPU are compared with peers on it."""
    return HEAD + "".join(_line(each, contenders, times) for each in contenders)


def _line(each: Contender, contenders: Sequence[Contender], times: Mapping[str, Times]) -> str:
    if each.missing:
        return f"| {each.name} | missing: {' '.join(each.missing.split())} | | | | | | | |\n"
    own = times[each.name]
    rivals = [times[peer.name] for peer in contenders
              if peer.name in times and not peer.ours and peer.exact and peer.device == each.device]  # fmt: skip
    share = f"{own.rate / own.limit:.2f}" if each.ours and each.device == "CPU" else ""
    figures = [
        each.name,
        f"{own.rate:.1f}",
        f"{min(own.rates):.1f} to {max(own.rates):.1f}",
        f"{own.rate / max(peer.rate for peer in rivals):.2f}" if rivals else "",
        share,
        f"{own.steady:.1f}",
        f"{own.peak_mib:.0f}",
        f"{median(own.single):.2f}",
        f"{median(own.single) / min(median(peer.single) for peer in rivals):.2f}" if rivals else "",
    ]
    return f"| {' | '.join(figures)} |\n"


def limits(contenders: Sequence[Contender], times: Mapping[str, Times]) -> str:
    head = (
        "| what bounds | decoding alone/s | model alone/s | both on the same processors/s | reached "
        "| reached, without start-up |\n|---|---:|---:|---:|---:|---:|\n"
    )
    lines = []
    for each in contenders:
        if each.ours and not each.missing and each.device == "CPU":
            own = times[each.name]
            bounds = f"{median(own.decode):.1f} | {median(own.infer):.1f} | {own.limit:.1f}"
            lines.append(f"| {each.name} | {bounds} | {own.rate / own.limit:.2f} | {own.steady / own.limit:.2f} |\n")
    return head + "".join(lines)


def about(corpus: Corpus, peer_count: int, rounds: int) -> str:
    return (
        f"{corpus.count} pictures ({corpus.distinct} different ones), {corpus.jpeg_share:.0%} JPEG, "
        f"{corpus.mebibytes:.0f} MiB, {corpus.megapixels:.0f} megapixels, median {corpus.median_megapixels:.1f}; "
        f"JPEGs {corpus.jpeg_bytes_per_pixel:.2f} bytes a pixel. Peers see the first {min(peer_count, corpus.count)}. "
        f"Medians of {rounds} round{'s' * (rounds != 1)}.\n"
    )
