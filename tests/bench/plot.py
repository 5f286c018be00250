# SPDX-License-Identifier: GPL-2.0-only
"""Plots as SVG, the same bytes for the same figures."""

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "kvm-pod"
matplotlib.rcParams["svg.fonttype"] = "none"

from matplotlib import pyplot  # noqa: E402


def bars(figures, unit, path, log=True, ours=("pod",)):
    """One bar for each of {name: figure}, on a scale of powers of ten or from nothing."""
    size = (6, 0.45 * len(figures) + 0.9)
    drawing, axes = pyplot.subplots(figsize=size, layout="constrained")
    names = list(figures)
    colours = ["tab:orange" if name in ours else "tab:blue" for name in names]
    drawn = axes.barh(names, list(figures.values()), color=colours)
    axes.bar_label(drawn, labels=[f"{figure:,.0f}" for figure in figures.values()], padding=3)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(min(figures.values()) / 6, 6 * max(figures.values()))
    else:
        axes.set_xlim(0, 1.2 * max(figures.values()))
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    drawing.savefig(path, metadata={"Date": None})
    pyplot.close(drawing)
