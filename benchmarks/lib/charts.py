"""What was measured by the number of clients, on logarithmic axes."""
import math

from lib.scenarios import EACH, SCENARIOS
from lib.svg import COLOURS, LEFT, RIGHT, TOP, WIDTH, Drawing

PLOT, LEGEND_LINE = 400, 18


def decades(values):
    """The powers of ten around positive values."""
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def draw(output, title, unit, curves, form, axis="clients, each with one request in flight"):
    """Draws curves: each a name, points of what the axis counts and a value, a colour and dashes. `form` writes a value."""
    curves = [(name, [point for point in points if point[1] > 0], colour, dashes)
              for name, points, colour, dashes in curves]
    curves = [curve for curve in curves if curve[1]]
    if not curves:
        return False
    drawing = Drawing(title, TOP + PLOT + 44 + LEGEND_LINE * math.ceil(len(curves) / 3))
    clients = sorted({clients for _, points, _, _ in curves for clients, _ in points})
    low, high = decades([value for _, points, _, _ in curves for _, value in points])
    inner, bottom = WIDTH - LEFT - RIGHT - 20, TOP + PLOT
    first, last = math.log(clients[0]), math.log(clients[-1])

    def x(count):
        return LEFT + 10 + inner * (math.log(count) - first) / ((last - first) or 1)

    def y(value):
        return bottom - PLOT * (math.log10(value) - low) / (high - low)

    for power in range(low, high + 1):
        drawing.line(LEFT, y(10**power), WIDTH - RIGHT, y(10**power), "#afb8c1")
        drawing.text(LEFT - 8, y(10**power) + 4, form(10**power), anchor="end")
        for digit in range(2, 10) if power < high else ():
            drawing.line(LEFT, y(digit * 10**power), WIDTH - RIGHT, y(digit * 10**power))
    for count in clients:
        drawing.line(x(count), TOP, x(count), bottom)
        drawing.text(x(count), bottom + 16, f"{count:,}", anchor="middle")
    drawing.text(LEFT, TOP - 8, unit, is_bold=True)
    drawing.text(WIDTH - RIGHT, bottom + 32, axis, anchor="end")
    for place, (name, points, colour, dashes) in enumerate(curves):
        drawing.curve([(x(count), y(value)) for count, value in points], colour, dashes, has_dots=True)
        left, top = LEFT + 300 * (place % 3), bottom + 48 + LEGEND_LINE * (place // 3)
        drawing.curve([(left, top - 4), (left + 24, top - 4)], colour, dashes)
        drawing.text(left + 30, top, name, colour=colour)
    drawing.write(output)
    return True


def label(scenario):
    shape = "a connection each" if scenario.connections is EACH else f"{scenario.connections} connections"
    return f"{scenario.title}, {shape}"


def curves_of(scenarios, summary, key, name, dashes):
    """A curve for each scenario that was measured; `summary` has rows by scenario and clients. A scenario has one
    colour in all plots."""
    made = []
    for scenario in scenarios:
        points = sorted((clients, row[key]) for (who, clients), row in summary.items() if who == scenario.name)
        made.append((name(scenario), points, COLOURS[SCENARIOS.index(scenario) % len(COLOURS)], dashes(scenario)))
    return made
