"""Imports go one way: a room imports only rooms above it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = [  # from above to below
    *(
        "palette",
        "zoo",
        "images",
        "streets",
        "encoding",
        "layouts",
        "data",
        "augmentation",
        "models",
        "foreign",
        "losses",
        "metrics",
    ),
    *(
        "recipes",
        "state",
        "graphed_step",
        "training",
        "hub_errors",
        "hub",
        "checkpoints",
        "card",
        "batch",
        "cuda_graph",
        "synthesis",
        "shelf",
        "segmenter",
        "segmenter_training",
        "evaluation",
        "reports",
        "runs",
    ),
    *("rows", "table", "tabulate", "search", "search_report", "space", "commands", "ui"),
]
FILES = sorted((ROOT / "citygan").rglob("*.py"))
NOT_FOR_THE_APP = {
    *("losses", "segmenter", "training", "recipes", "reports", "runs", "evaluation", "space", "commands"),
}


def name_of(file: Path) -> str:
    """`citygan/ui/canvas.py` -> `citygan.ui.canvas`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(f): f for f in FILES}


def imports_of(file: Path) -> set[str]:
    """The full names of all that a file imports, inside functions too: modules, and what is taken from
    them."""
    package = name_of(file) if file.name == "__init__.py" else name_of(file).rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def modules_of(file: Path) -> set[str]:
    """The modules of this package that a file imports."""
    return imports_of(file) & MODULES.keys()


def room_of(module: str) -> str:
    """`citygan.ui.canvas` -> `ui`; nothing for `citygan` itself."""
    return module.split(".")[1] if "." in module else ""


def test_every_module_has_its_place_in_the_order():
    assert {room_of(m) for m in MODULES} - {""} <= set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_room_imports_only_rooms_above_it(file):
    room = room_of(name_of(file))
    imported = {room_of(m) for m in modules_of(file)} - {"", room}
    if not room:  # `citygan` itself opens one room, and only when asked
        assert imported == {"synthesis"}
        return
    below = [r for r in imported if ROOMS.index(r) > ROOMS.index(room)]
    assert not below, f"{file.relative_to(ROOT)} imports {below}, which lie below it"


@pytest.mark.parametrize(
    "file",
    [f for f in (ROOT / "app.py", *FILES) if f.is_file() and (f.name == "app.py" or "ui" in f.parts)],
    ids=name_of,
)
def test_the_app_reaches_nothing_that_only_training_needs(file):
    reached, open_ends = set(), modules_of(file)
    while open_ends:
        module = open_ends.pop()
        reached.add(module)
        open_ends |= modules_of(MODULES[module]) - reached
    assert not {room_of(m) for m in reached} & NOT_FOR_THE_APP


@pytest.mark.parametrize("file", [f for f in FILES if "ui" in f.parts], ids=name_of)
def test_the_page_knows_no_torch(file):
    assert not {name.split(".")[0] for name in imports_of(file)} & {"torch", "torchvision", "safetensors"}


def test_the_training_loop_touches_no_file():
    file = ROOT / "citygan" / "training.py"
    modules = {name.split(".")[0] for name in imports_of(file)}
    assert not modules & {
        "os",
        "io",
        "pathlib",
        "shutil",
        "tempfile",
        "csv",
        "json",
        "PIL",
        "matplotlib",
        "safetensors",
    }
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not called & {
        "open",
        "save",
        "save_file",
        "write",
        "write_text",
        "write_bytes",
        "mkdir",
        "print",
        "Path",
    }
