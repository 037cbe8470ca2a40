"""``diagnose``."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local
from ganzoo.errors import RequestError

IMAGE = "health.png"


def diagnose(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run folder.")],
    plots: Annotated[
        str | None,
        typer.Option("--plots", metavar="FILE.png", help="The image; if left out, RUN/health.png."),
    ] = None,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Report how a run is doing, and what goes wrong in it.

    Each finding says what to try, and an image shows the course of the run. The run may be
    finished, running or interrupted. The image needs the package matplotlib.

    For instance: ganzoo diagnose runs/dcgan-mnist5k
    """
    if plots is not None and not plots.lower().endswith(".png"):
        raise RequestError(f"--plots {plots}: the image is a PNG; give a name that ends in .png")
    load_local(imports)
    from ganzoo.health import monitors, report
    from ganzoo.training.run import Run
    from ganzoo.training.status import status_of

    opened = Run.open(run)
    rows, scores = opened.log, opened.scores
    findings = monitors.diagnose(rows)
    # A figure that is not finite ends a run before it gets into a row.
    findings += [item for item in opened.findings if item.monitor == "non-finite"]
    status = status_of(opened, rows)
    state, note = status.state, status.note
    if state in ("running", "stopped") and any(f.monitor == "non-finite" for f in findings):
        state, note = "stopped", "stopped by a value that is not finite"
    facts = report.Facts(run, opened.outline, status.step, state, note)
    if as_json:
        values = report.as_values(facts, rows, scores, findings)
        echo(json.dumps(_finite(values), indent=2), lines=True)
    else:
        echo(report.report(facts, rows, scores, findings), lines=True)
    _draw(Path(plots) if plots else opened.path / IMAGE, rows, scores, findings)


def _draw(path: Path, rows: Any, scores: Any, findings: Any) -> None:
    from ganzoo.health.plots import save_plots
    from ganzoo.resolve.paths import shown_path

    try:
        drawn = save_plots(path, rows, scores, findings)
    except ImportError:
        echo("note: no image was drawn; that needs the package matplotlib", err=True)
        return
    if drawn:
        echo(f"image: {shown_path(path)}", err=True)


def _finite(values: Any) -> Any:
    """Put null in the place of numbers that JSON does not have."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values
