"""``docs/reference/python.md`` from the docstrings of the client and the fixture: ``make reference`` writes it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "python.md"
PACKAGE = ROOT / "simulator" / "msgsim"
Function = ast.FunctionDef | ast.AsyncFunctionDef
INTRODUCTION = """# The Python client and the fixture

<!-- Made from the docstrings by `make reference`; a test holds it up to date. -->

How they are used is in [Test an integration with pytest](../how-to/pytest.md). Every method of `Client` raises
`Unreachable`, and `Problem` with what the server says is wrong; what is named below is particular to the method.
`AsyncClient` has the same methods, to be awaited.
"""
PARTS = (
    ("Fixtures", "pytest_plugin.py", ("msgsim", "msgsim_async", "msgsim_server"), ""),
    ("Client", "client/blocking.py", ("Client",), "client"),
    ("A sandbox of the server", "client/api.py", ("Api",), "client"),
    ("Messages, requests, callbacks", "client/lists.py", ("Messages", "Requests", "Callbacks"), "client"),
    ("Filters", "client/lists.py", ("MessageFilters", "RequestFilters", "CallbackFilters"), ""),
    ("The clock", "client/clock.py", ("SandboxClock",), "client.clock"),
    ("Sandboxes", "client/sandboxes.py", ("Sandboxes",), "client"),
    ("A sink", "client/sink.py", ("Sink",), "sink"),
    ("The client to be awaited", "client/awaited.py", ("AsyncClient",), "client"),
    ("A simulator inside a test", "testing.py", ("Simulator", "Answer", "call"), "simulator"),
    ("Errors", "client/errors.py", ("SimulatorError", "Unreachable", "InsideLoop", "Problem", "TimedOut"), ""),
)
"""Heading, module, what is told of it, and the name that an object has in examples."""


def page() -> str:
    """The whole page."""
    told = [INTRODUCTION, _markers(), *(text for part in PARTS for text in _part(*part))]
    told += ["## Shapes of answers\n", _text(ast.get_docstring(_module("client/answers.py")))]
    told += [_shape(node) for node in _module("client/answers.py").body if isinstance(node, ast.ClassDef)]
    return "\n".join(told)


def _markers() -> str:
    """As ``pytest --markers`` has them."""
    calls = [node for node in ast.walk(_module("pytest_plugin.py")) if isinstance(node, ast.Call)]
    lines = [call.args[1] for call in calls if ast.unparse(call.func).endswith("addinivalue_line")]
    texts = [ast.literal_eval(line).partition(": ") for line in lines]
    return "\n".join(["## Markers\n", *(f"- `@pytest.mark.{name}`: {text}" for name, _, text in texts), ""])


def _module(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


def _part(heading: str, file: str, names: tuple[str, ...], owner: str) -> Iterator[str]:
    defined = {node.name: node for node in _module(file).body if isinstance(node, ast.ClassDef | Function)}
    yield f"## {heading}\n"
    for name in names:
        node = defined[name]
        if isinstance(node, ast.ClassDef):
            inner = f"{owner}.{name.lower()}" if len(names) > 1 and owner == "client" else owner
            yield from _class(node, "client.sandboxes" if name == "Sandboxes" else inner)
        else:
            yield _function(node, "")


def _class(node: ast.ClassDef, owner: str) -> Iterator[str]:
    if not any(isinstance(inner, Function) for inner in node.body):
        yield _shape(node)
        return
    yield f"### {node.name}\n\n{_text(ast.get_docstring(node))}"
    for inner in node.body:
        if isinstance(inner, Function) and inner.name == "__init__" and ast.get_docstring(inner):
            yield _function(inner, "", node.name)
        elif isinstance(inner, Function) and not inner.name.startswith("_"):
            yield _function(inner, owner)
        elif isinstance(inner, ast.Assign) and ast.unparse(inner.targets[0]) == "wait":
            one, several = (_named(node, ast.unparse(each)) for each in inner.value.args)  # type: ignore[attr-defined]
            yield _function(one, owner, "wait", several)


def _named(node: ast.ClassDef, name: str) -> Function:
    return next(inner for inner in node.body if isinstance(inner, Function) and inner.name == name)


def _function(node: Function, owner: str, name: str = "", other: Function | None = None) -> str:
    """Its signature, or those of its two forms, and its documentation."""
    lines = [_signature(form, owner, name or form.name) for form in (node, other) if form is not None]
    return "\n".join([*(f"- `{line}`" for line in lines), "", *_indented(_text(ast.get_docstring(node)))])


def _signature(node: Function, owner: str, name: str) -> str:
    """``client.messages.get(id: str) -> WholeMessage``; of a property without parentheses."""
    node.args.args = [argument for argument in node.args.args if argument.arg != "self"]
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    called = not any(decorator == "property" or "fixture" in decorator for decorator in decorators)
    arguments = f"({ast.unparse(node.args)})" if called else ""
    answer = ast.unparse(node.returns).strip("'") if node.returns else "None"
    for wrapper in ("Request", "Iterator" if node.decorator_list else "Request"):
        answer = answer.removeprefix(f"{wrapper}[").removesuffix("]") if answer.startswith(f"{wrapper}[") else answer
    answer = "" if answer == "None" else f" -> {answer.replace('answers.', '').replace('wire.', '')}"
    return f"{owner}.{name}{arguments}{answer}".lstrip(".") if name[0].islower() else f"{name}{arguments}"


def _shape(node: ast.ClassDef) -> str:
    """A dictionary's or an error's members, each with what is said of it."""
    bases = ", ".join(ast.unparse(base) for base in node.bases if ast.unparse(base) != "TypedDict")
    lines = [f"### {node.name}\n", _text(ast.get_docstring(node))]
    if bases and "_" not in bases:
        lines.append(f"All of `{bases}`, and:\n" if len(node.body) > 1 else f"A kind of `{bases}`.\n")
    for place, inner in enumerate(node.body):
        if isinstance(inner, ast.AnnAssign):
            after = node.body[place + 1] if place + 1 < len(node.body) else None
            lines.append(f"- `{ast.unparse(inner.target)}: {ast.unparse(inner.annotation)}`{_said(after)}")
    return "\n".join(lines).rstrip() + "\n"


def _said(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return ": " + " ".join(_text(inspect.cleandoc(node.value.value)).split())
    return ""


def _text(documentation: str | None) -> str:
    return (documentation or "").replace("``", "`") + "\n"


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"  {line}" if line else ""
    yield ""


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
