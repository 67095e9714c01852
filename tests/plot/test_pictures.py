"""Pictures as files, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import frechet as fr
from frechet.cli import main
from frechet.plot import style
from frechet.plot.kinds import KINDS
from frechet.plot.picture import Data, Picture

Text = pytest.importorskip("matplotlib.text", reason='pip install "frechet[plot]"').Text
DOCS = Path(__file__).resolve().parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
assert _spec is not None and _spec.loader is not None
gallery = importlib.util.module_from_spec(_spec)
sys.modules["gallery"] = gallery
_spec.loader.exec_module(gallery)
SVG = "{http://www.w3.org/2000/svg}"


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG file."""
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


@pytest.fixture(scope="module")
def slice_picture() -> Any:
    return fr.plot("sin(x)*exp(x)", "slice", 1.0)


def test_an_svg_file_says_what_is_to_be_seen(slice_picture: Any, tmp_path: Path) -> None:
    root = ElementTree.parse(slice_picture.save(tmp_path / "a.svg")).getroot()
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}desc") == slice_picture.description
    assert root.findtext(f"{SVG}title") == "frechet: slice"
    assert slice_picture._repr_svg_() == (tmp_path / "a.svg").read_text()
    paths = [path.get("d") or "" for path in root.iter(f"{SVG}path")]
    assert len(paths) > 20
    pairs = re.compile(r"(?:[MLTQC](?:-?[0-9.]+ -?[0-9.]+ ?)+|[zZ])*")
    assert all(pairs.fullmatch(path) for path in paths)


def test_png_and_pdf_files_carry_the_description(slice_picture: Any, tmp_path: Path) -> None:
    png = slice_picture.save(tmp_path / "a.png", dpi=60).read_bytes()
    parts = list(chunks(png))
    (text,) = [body for kind, body in parts if kind == b"iTXt" and body.startswith(b"Description")] or [
        body for kind, body in parts if kind == b"tEXt" and body.startswith(b"Description")
    ]
    assert b"tangent line of slope" in text
    pixels = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    assert len(set(pixels)) > 20
    pdf = slice_picture.save(tmp_path / "a.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and b"/Subject" in pdf


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    made = [fr.plot("x1^2 + x1*x2", "heat", (1, 2)) for _ in range(2)]
    for ending in ("svg", "png", "pdf"):
        first, second = (p.as_bytes(ending, dpi=40) for p in made)
        assert first == second, ending


@pytest.mark.parametrize("entry", gallery.ENTRIES, ids=lambda e: e.name)
def test_the_gallery_has_its_files_with_their_words(entry: Any) -> None:
    root = ElementTree.parse(DOCS / "gallery" / f"{entry.name}.svg").getroot()
    words = root.findtext(f"{SVG}desc") or ""
    assert words.endswith(".") and len(words) > 40
    assert f"gallery/{entry.name}.svg" in (DOCS / "gallery.md").read_text()
    assert entry.name in json.loads((DOCS / "gallery" / "data.json").read_text())


def test_the_gallery_shows_every_kind() -> None:
    calls = " ".join(entry.call for entry in gallery.ENTRIES)
    assert not [kind for kind in KINDS if f'"{kind}"' not in calls]


@pytest.mark.slow
def test_the_gallery_is_up_to_date() -> None:
    assert gallery.check() == 0, "run: python docs/gallery.py"


def boxes(picture: Any, monkeypatch: Any) -> Any:
    """Every word that is drawn with its box in pixels, and the box of the whole figure."""
    figure, drawn = picture.figure, {}
    draw = Text.draw

    def recording(text: Any, renderer: Any) -> None:
        draw(text, renderer)
        if text.get_text().strip():
            drawn[id(text)] = (text.get_text(), text.get_window_extent(renderer))

    figure.canvas.draw()
    monkeypatch.setattr(Text, "draw", recording)
    figure.canvas.draw()
    monkeypatch.undo()
    return list(drawn.values()), figure.bbox


NOTES = "x1^2 + exp(x1*x2) + 2*log(x2)"
SHOWN = {
    "contour": (NOTES, (1, 2), {}), "surface": (NOTES, (1, 2), {}), "hessian": ("x1*x2 + x1^3", (1, 2), {}),
    "directions": ("x1*x2 + x1^3", (1, 2), {}), "movements": ("x1*x2 + x1^3", (1, 2), {}),
    "jacobian": ("[x1^2; x1*x2]", (1, 2), {}), "grid": ("[x1^2; x1*x2]", (1, 2), {}), "slice": ("sin(x)", 1, {}),
    "error": ("sin(x)", 1, {}), "delta": ("sin(x)", 1, {}), "polar": ("abs(x1) + x2", (0, 0), {}),
    "heat": ("x1*x2 + x1^3", (1, 2), {}), "contributions": ("x1*x2 + x1^3", (1, 2), {}),
    "graph": ("exp(a'*x)*sin(b'*x)", None, {"wrt": "x"}), "field": (NOTES, (1, 2), {}),
}  # fmt: skip
QUICK = {"contour", "surface", "jacobian", "polar", "contributions", "graph"}


@pytest.mark.parametrize("kind", [k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in KINDS])
def test_no_word_is_clipped_or_covered(kind: str, monkeypatch: Any) -> None:
    f, at, options = SHOWN[kind]
    words, page = boxes(fr.plot(f, kind, at, **options), monkeypatch)
    for text, box in words:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
        assert inside, f"{text} leaves the picture"
    for k, (text, box) in enumerate(words):
        for other, bounds in words[k + 1 :]:
            wide = min(box.x1, bounds.x1) - max(box.x0, bounds.x0)
            high = min(box.y1, bounds.y1) - max(box.y0, bounds.y0)
            assert wide < 3 or high < 3, f"{text} covers {other}"


def test_a_long_caption_is_wrapped(monkeypatch: Any) -> None:
    short, long = (
        Picture("slice", Data(title="x", caption=c, description="."), lambda f, d: f.add_subplot(), 2.0)
        for c in ("One.", "Many words. " * 30)
    )
    assert long.figure.get_size_inches()[1] > short.figure.get_size_inches()[1] + 0.5
    words, page = boxes(long, monkeypatch)
    assert all(box.x1 <= page.x1 for _, box in words)


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour: str, matrix: Any) -> Any:
    """CIELAB of a colour as such eyes see it (sRGB, D65)."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(matrix) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ seen / to_xyz.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", ["none", *BLINDNESS])
def test_colours_of_one_picture_are_told_apart_by_all_eyes(kind: str) -> None:
    matrix = BLINDNESS.get(kind, np.eye(3))
    together = [(style.VERMILION, style.GREEN), (style.VERMILION, style.BLUE), (style.VERMILION, style.PURPLE),
                (style.BLUE, style.GREEN), (style.GREEN, style.PURPLE), (style.ORANGE, style.HEIGHTS[-1])]  # fmt: skip
    for first, second in together:
        assert np.linalg.norm(lab(first, matrix) - lab(second, matrix)) > 20, (first, second)


# -- refusals --------------------------------------------------------------------------------------------


def code_of(call: Any) -> tuple[str, str]:
    with pytest.raises(fr.FrechetError) as caught:
        call()
    d = caught.value.diagnostic
    return d.code, f"{d.message} {d.help}"


F = "x1^2 + 2*log(x2)"


@pytest.mark.parametrize(("call", "code", "says"), [
    (lambda: fr.plot(F, "countour", (1, 2)), "E505", "Did you mean contour?"),
    (lambda: fr.plot(F, 3, (1, 2)), "E505", "Kinds: contour"),  # type: ignore[arg-type]
    (lambda: fr.plot(F, "contour"), "E505", "at a point"),
    (lambda: fr.plot(F, "contour", (1, 2), windw=3), "E505", "Did you mean window?"),
    (lambda: fr.plot(F, "contour", (1, 2), window=-3), "E505", "A radius"),
    (lambda: fr.plot(F, "contour", (1, 2), window="big"), "E505", "A radius"),
    (lambda: fr.plot(F, "contour", (1, 2), resolution=2), "E505", "from 5 to 400"),
    (lambda: fr.plot(F, "field", (1, 2), count="many"), "E505", "from 5 to 400"),
    (lambda: fr.plot(F, "contour", (1, -2)), "E400", "no finite value"),
    (lambda: fr.plot(F, "contour", (1, 2), points="x"), "E505", "pairs"),
    (lambda: fr.plot(F, "contour", (1, 2), along=("x1", "x9")), "E505", "not a direction"),
    (lambda: fr.plot(F, "contour", (1, 2), along=("x1", "x1")), "E400", "the same"),
    (lambda: fr.plot(F, "contour", (1, 2), along=((1, 1), (2, 2))), "E400", "parallel"),
    (lambda: fr.plot(F, "contour", (1, 2), along="x1"), "E505", "two"),
    (lambda: fr.plot("sin(x)", "contour", 1.0), "E505", "slice"),
    (lambda: fr.plot("[x1; x2]", "contour", (1, 2)), "E501", "jacobian"),
    (lambda: fr.plot(F, "jacobian", (1, 2)), "E505", "two outputs"),
    (lambda: fr.plot("[x1; x2; x1]", "jacobian", (1, 2), outputs=(1, 4)), "E505", "1 to 3"),
    (lambda: fr.plot("[x1^2; x2^2]", "jacobian", (0, 0)), "E400", "zero"),
    (lambda: fr.plot("abs(x1) + x2", "surface", (0, 1), model="plane"), "E400", "polar"),
    (lambda: fr.plot("x^3*y/(x^6 + y^2)", "polar", (0, 0), value=0), "E400", "Gateaux"),
    (lambda: fr.plot("abs(x1) + x2", "hessian", (0, 1)), "E400", "no Hessian"),
    (lambda: fr.plot("x1^2 + x2^2", "directions", (0, 0)), "E400", "every direction is level"),
    (lambda: fr.plot(F, "surface", (1, 2), model="cube"), "E505", "plane, bowl or none"),
    (lambda: fr.plot(F, "slice", (1, 2), direction=(0, 0)), "E400", "zero"),
    (lambda: fr.plot(F, "slice", (1, 2), direction=(1, 0, 0)), "E305", "3 components"),
    (lambda: fr.plot(F, "error", (1, 2), orders=1.5), "E505", "orders"),
    (lambda: fr.plot("x1 + x2", "error", (1, 2)), "E400", "its own"),
    (lambda: fr.plot(F, "movements", (1, 2), a=(1, 0)), "E505", "Two movements"),
    (lambda: fr.plot(F, "movements", (1, 2), a=(1, 0), b=(0, -3)), "E400", "smaller steps"),
    (lambda: fr.plot(F, "contributions", (1, 2), step=(0, 0)), "E400", "nothing moves"),
    (lambda: fr.plot(F, "heat", (1, 2), of="map"), "E505", "jacobian or hessian"),
    (lambda: fr.plot("norm2(x)^2", "heat", np.ones(300)), "E402", "200"),
    (lambda: fr.plot(lambda x: sorted(x)[0], "graph", np.ones(2)), "E505", "of a formula"),
    (lambda: fr.parse("x*y").plot("graph"), "E505", "one variable"),
    (lambda: fr.plot("sin(x)", "slice", 1.0).save("picture"), "E506", "picture.svg"),
    (lambda: fr.plot("sin(x)", "slice", 1.0).save("picture.gif"), "E506", "'gif'"),
    (lambda: fr.plot("sin(x)", "slice", 1.0).save("/nowhere/at/all.svg"), "E506", "cannot be written"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_a_way_out(call: Any, code: str, says: str) -> None:
    found, text = code_of(call)
    assert found == code and says in text


# -- the command -----------------------------------------------------------------------------------------


def run(capsys: Any, command: str) -> tuple[int, str, str]:
    code = main(shlex.split(command))
    out, err = capsys.readouterr()
    return code, out, err


def test_frechet_plot_writes_a_picture_and_says_what_it_shows(capsys: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.svg"
    code, out, err = run(capsys, f'plot "x1^2 + exp(x1*x2) + 2*log(x2)" --at 1,2 --kind contour -o {target}')
    assert code == 0 and "the gradient (16.8, 8.39)" in out and str(target) in err
    assert ElementTree.parse(target).getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize("arguments", [
    "'norm2(A*x)^2' --at 'A=[1,2;0,1]' --at x=1,2 --wrt x --kind slice --direction 1,0",
    "'x1^2 + x2*x3' --at 1,2,3 --kind surface --model bowl --along x1 --along x3 --window 1",
    "'x1^2 + x2*x3' --at 1,2,3 --kind contributions --step 0.1,0,0.2",
    "'sin(a*x)' --wrt x --kind graph --var a --var x:n",
    "'x1*x2' --at 1,1 --kind movements -a 0.1,0 -b 0,0.1 --json", "'x1*x2' --at 1,1 --kind field --window 0,2,-1,1",
])  # fmt: skip
def test_options_of_the_command(capsys: Any, tmp_path: Path, arguments: str) -> None:
    code, out, err = run(capsys, f"plot {arguments} -o {tmp_path / 'p.svg'} --dpi 50")
    assert code == 0, out + err
    assert (tmp_path / "p.svg").stat().st_size > 5000


@pytest.mark.parametrize(("arguments", "says"), [
    ("'x1*x2' --at 1,1 --kind contuor -o a.svg", "Did you mean contour?"), ("'x1*x2' --at 1,1 -o a", "a.svg"),
    ("'log(x1)*x2' --at -1,1 -o a.svg", "E400"), ("'x1*x2' -o a.svg", "--at"),
    ("'x1*x2' --at 1,1 --window 1,2 -o a.svg", "E505"), ("'x1*x2' --at 1,1 --kind slice --model bowl -o a.svg", "E505"),
])  # fmt: skip
def test_the_command_refuses_with_a_sentence(capsys: Any, arguments: str, says: str) -> None:
    code, out, err = run(capsys, f"plot {arguments}")
    assert code == 2 and not out and says in err
