"""Numbers and tables as a person reads them."""


def count(value):
    """Three digits that count, in full: 0.123, 12.3, 1,230."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def duration(microseconds):
    """Microseconds with the unit that suits them."""
    if microseconds is None or microseconds == 0:
        return "–"
    for unit, scale in (("s", 1e6), ("ms", 1e3), ("µs", 1)):
        if microseconds >= scale:
            return f"{count(microseconds / scale)} {unit}"
    return f"{count(microseconds * 1000)} ns"


def ratio(value):
    return "–" if value is None else f"{value:.2f}"


def table(header, rows):
    """A table of Markdown: the first column to the left, numbers to the right."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
