#!/usr/bin/env python3
"""Draws panels of revokd.json from a running Prometheus, for the documents: the same queries, without a Grafana. Needs matplotlib.

    picture.py http://127.0.0.1:9090 10m dashboard.png
"""
import json
import re
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, MaxNLocator

PAPER, INK, FAINT, GRID = "#181b1f", "#d8d9da", "#8e9199", "#2c3036"
COLOURS = {"green": "#299c46", "orange": "#d9822b", "red": "#d44a3a", "blue": "#3274d9"}
LINES = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d", "#fade2a", "#ca95e5"]
STATS = ["Lag, from due to seen gone", "Oldest in the queue", "In the queue", "Waits for an operator", "Dead", "Audit"]
GRAPHS = ["Removed, given up, cancelled", "Queue", "Until a success is owed",
          "Can the list be relied on?", "Age of the lists", "Time of calls, p95"]


def ask(prometheus, path, **parameters):
    with urllib.request.urlopen(f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
        return json.load(answer)["data"]["result"]


def expression(target, spread):
    text = target["expr"].replace("$__rate_interval", "30s").replace("$__range", spread)
    return re.sub(r"\$\w+", ".*", text)


def words(value, unit):
    if value != value:
        return "–"
    if unit != "s":
        return f"{value:.0%}" if unit == "percentunit" else f"{value:.3g}"
    for name, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if abs(value) >= seconds:
            return f"{value / seconds:.3g} {name}"
    return f"{value * 1000:.0f} ms" if value else "0 s"


def legend(target, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), target["legendFormat"]) or target["refId"]


def draw_stat(axes, panel, prometheus, spread):
    defaults = panel["fieldConfig"]["defaults"]
    texts, colour = [], "green"
    mappings = {key: shown["text"] for mapping in defaults["mappings"] for key, shown in mapping["options"].items()}
    for target in panel["targets"]:
        for row in ask(prometheus, "query", query=expression(target, spread)):
            value = float(row["value"][1])
            name = legend(target, row["metric"]) if target["legendFormat"] else ""
            texts.append(f"{name} {mappings.get(f'{value:g}', words(value, defaults['unit']))}".strip())
            for step in defaults["thresholds"]["steps"]:
                colour = step["color"] if step["value"] is None or value >= step["value"] else colour
    axes.set_facecolor(COLOURS.get(colour, colour))
    axes.set_xticks([]), axes.set_yticks([])
    axes.text(0.5, 0.46, "\n".join(texts) or "–", ha="center", va="center", transform=axes.transAxes, color="white",
              fontsize=18 if len(texts) < 2 else 10, fontweight="bold")


def draw_graph(axes, panel, prometheus, spread, start, end):
    defaults = panel["fieldConfig"]["defaults"]
    drawn = 0
    for target in panel["targets"]:
        rows = ask(prometheus, "query_range", query=expression(target, spread), start=start, end=end, step=max(1, (end - start) / 300))
        for row in rows:
            at = [datetime.fromtimestamp(float(moment)) for moment, _ in row["values"]]
            values = [float(value) for _, value in row["values"]]
            if not any(value > 0 for value in values) and len(rows) > 6:
                continue
            colour = LINES[drawn % len(LINES)]
            step = "steps-post" if panel["type"] == "state-timeline" else "default"
            axes.plot(at, values, color=colour, linewidth=1.3, drawstyle=step, label=legend(target, row["metric"]))
            if drawn < 3:
                axes.fill_between(at, values, alpha=0.08, color=colour, step="post" if step != "default" else None)
            drawn += 1
    if panel["type"] == "state-timeline":
        names = {float(key): shown["text"] for key, shown in defaults["mappings"][0]["options"].items()}
        axes.set_yticks(list(names), list(names.values()))
        axes.set_ylim(-0.15, 1.15)
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value, defaults["unit"])))
        axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(datetime.fromtimestamp(start), datetime.fromtimestamp(end))
    axes.xaxis.set_major_locator(matplotlib.dates.AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%H:%M"))
    axes.grid(color=GRID, linewidth=0.6)
    if drawn:
        # Room for the names above the lines.
        low, high = axes.get_ylim()
        if panel["type"] != "state-timeline":
            axes.set_ylim(low, high + (high - low) * (0.09 * min(drawn, 5)))
        axes.legend(loc="upper left", fontsize=6.5, frameon=False, labelcolor=INK, ncols=1 + (drawn > 4))


def main(prometheus, spread, file):
    panels = {panel["title"]: panel for panel in json.loads(Path(__file__).with_name("revokd.json").read_text())["panels"]}
    end = time.time()
    start = end - int(spread[:-1]) * {"s": 1, "m": 60, "h": 3600}[spread[-1]]
    pyplot.rcParams.update({"font.family": "DejaVu Sans", "text.color": INK, "axes.edgecolor": GRID, "xtick.color": FAINT,
                            "ytick.color": FAINT, "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.facecolor": PAPER})
    figure = pyplot.figure(figsize=(12, 7.2), facecolor="#111217")
    grid = figure.add_gridspec(3, 12, height_ratios=[0.62, 1.2, 1.2], hspace=0.36, wspace=1.1, left=0.05, right=0.985, top=0.88, bottom=0.05)
    figure.text(0.05, 0.948, "revokd: is access being removed on time?", fontsize=14, fontweight="bold")
    for number, title in enumerate(STATS):
        axes = figure.add_subplot(grid[0, 2 * number:2 * number + 2])
        axes.set_title(title, fontsize=8.5, loc="left", color=INK)
        draw_stat(axes, panels[title], prometheus, spread)
    for number, title in enumerate(GRAPHS):
        row, column = divmod(number, 3)
        axes = figure.add_subplot(grid[1 + row, 4 * column:4 * column + 4])
        axes.set_title(title, fontsize=8.5, loc="left", color=INK)
        draw_graph(axes, panels[title], prometheus, spread, start, end)
    figure.savefig(file, dpi=110, facecolor=figure.get_facecolor())


if __name__ == "__main__":
    main(*sys.argv[1:])
