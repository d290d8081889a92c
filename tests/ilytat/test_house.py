"""The rules of the house, each failing with what to do about it."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import models
from django.template import engines
from django.template.loader import get_template

from ilytat.integrations.email import EmailColumn
from tests.ilytat.test_settings import settings_in

ROOT = Path(__file__).resolve().parent.parent.parent
# Lines. Most functions are short, and a long one is allowed where its steps belong together; the same for files.
FUNCTION_MEDIANS, FUNCTION_MOST, FUNCTION_MAX = range(5, 11), 40, 80
FILE_MOST, FILE_MAX = 330, 450
MOST = 0.95  # the share of functions and files that FUNCTION_MOST and FILE_MOST are about


VAGUE = {"services", "utils", "helpers", "manager", "managers", "misc", "common"}
# Names put together here, so that this file does not break the rule it keeps.
REGISTRIES = [f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
MACHINE = re.compile(r"(?<![\w./-])/(?:root|home|work|opt)/\w")

SILENCED = re.compile(r"# (?:noqa|type: ignore)(?P<codes>: ?[A-Z0-9, ]+|\[[a-z-]+\])?(?P<reason>.*)$")
SELF = ("tests/ilytat/test_house.py",)

# What is written for people. Code that has to know something reads a column or an attribute that says just that.
FOR_PEOPLE = {"detail", "explanation", "hold_reason", "last_error", "note", "verdict", "why", "message", "reason"}
READERS = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "find", "index"}
LOOKUPS = {"exact", "startswith", "istartswith", "endswith", "iendswith", "contains", "icontains", "regex", "iregex"}
SEARCHES = {"match", "fullmatch", "search", "findall"}


@cache
def tracked() -> list[Path]:
    """The files of the project: in git, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Name and content of each tracked text file; of the given kinds, or of all."""
    for path in tracked():
        if not suffixes or path.suffix in suffixes:
            try:
                yield str(path.relative_to(ROOT)), path.read_text()
            except UnicodeDecodeError:
                continue


def pages() -> Iterator[tuple[str, str]]:
    """Templates a browser shows; mails live by other rules."""
    return ((name, text) for name, text in texts(".html") if "/emails/" not in name)


def settings_read() -> set[str]:
    """The names `ilytat.settings` asks the environment for."""
    tree = ast.parse((ROOT / "ilytat" / "settings.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    } - {"ENV_FILE"}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    assert set(example()) == settings_read(), "keep .env.example and ilytat/settings.py together"


def test_a_copy_of_the_example_starts_with_the_defaults() -> None:
    ours, bare = settings_in(example()), settings_in({})

    changed = {name for name in bare if name.isupper() and name != "EMAIL_CONFIG" and ours[name] != bare[name]}
    assert changed <= {"SITE", "CACHE_STALE_LIMIT"}, "the example's values must be the defaults"


def test_the_readme_explains_every_setting() -> None:
    told = set(re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert told == settings_read(), "keep README's table and ilytat/settings.py together"


def test_pages_carry_no_inline_script_or_style() -> None:
    """The content security policy would refuse it, in the browser, where nobody sees why."""
    inline = re.compile(
        r"<script(?![^>]*\b(?:src|application/(?:ld\+)?json)\b)|<style|\sstyle=|\son[a-z]+=|javascript:"
    )
    found = {name: hit.group() for name, text in pages() if (hit := inline.search(text))}

    assert not found, f"move it to static/: {found}"


def test_pages_load_nothing_from_other_origins() -> None:
    loads = re.compile(r"""(?:\bsrc|<link[^>]*\bhref|url\(|@import)\s*[=(]?\s*["']?(?:https?:)?//[\w.]+""")
    shown = [*pages(), *texts(".css"), *texts(".js")]
    found = {name: hit.group() for name, text in shown if (hit := loads.search(text))}

    assert not found, f"serve it ourselves: {found}"


def test_every_template_compiles() -> None:
    folder = Path(str(engines["django"].dirs[0]))
    for path in sorted(folder.rglob("*.*")):
        get_template(str(path.relative_to(folder)))


def test_nothing_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    found = {name for name, text in texts() if MACHINE.search(text) or any(host in text for host in REGISTRIES)}

    assert not found, "a clone works anywhere: name no package index and no folder outside the project"


def sources() -> Iterator[tuple[str, str]]:
    """Return the name and text of each Python file but migrations, and settings, which are one list on purpose."""
    return ((name, text) for name, text in texts(".py") if "/migrations/" not in name and name != "ilytat/settings.py")


def function_lengths(text: str) -> dict[str, int]:
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    return {f"{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}


def test_no_file_or_function_is_too_long() -> None:
    too_long = []
    for name, text in sources():
        too_long += [name] if text.count("\n") > FILE_MAX else []
        too_long += [f"{name}:{place}" for place, lines in function_lengths(text).items() if lines > FUNCTION_MAX]

    assert not too_long, "cut it where a reader would: by subject"


def test_most_files_and_functions_are_short() -> None:
    product = [(name, text) for name, text in sources() if not name.startswith("tests/")]
    files = sorted(text.count("\n") for _name, text in product)
    functions = sorted(lines for _name, text in product for lines in function_lengths(text).values())

    assert files[int(len(files) * MOST)] <= FILE_MOST
    assert functions[int(len(functions) * MOST)] <= FUNCTION_MOST
    assert functions[len(functions) // 2] in FUNCTION_MEDIANS


def test_modules_are_named_for_their_job() -> None:
    vague = [name for name, _ in texts(".py") if Path(name).stem in VAGUE]

    assert not vague, "say what it is for"


def unexplained(name: str, text: str) -> list[str]:
    """Silenced checks that give no reason beside them, nor in a comment right above."""
    found, above = [], ""
    for line in text.splitlines():
        hit = SILENCED.search(line)
        if hit and not above.startswith("#") and (not hit["codes"] or not hit["reason"].strip(" #()")):
            found.append(f"{name}: {line.strip()}")
        above = line.strip()
    return found


def test_every_silenced_check_says_why() -> None:
    """`# noqa: X (reason)`, `# type: ignore[x]  # reason`."""
    bare = [line for name, text in texts(".py") if name not in SELF for line in unexplained(name, text)]

    assert not bare, "a silenced check is a decision: say why beside it"


def _is_for_people(node: ast.expr) -> bool:
    """`x.last_error`, `why`, `str(error)`, and a slice or a lower-case form of these."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in FOR_PEOPLE
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id="error" | "exc" | "exception")]):
            return True
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner):
            return _is_for_people(inner)
    return False


def _reads_a_message(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=text, attr=name)) if name in READERS and _is_for_people(text):
            return True
        case ast.Call(func=ast.Attribute(attr=name), args=arguments) if name in SEARCHES:
            return any(_is_for_people(argument) for argument in arguments)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Call() as text]):
            return _is_for_people(text)
        case ast.keyword(arg=str(name)):
            column, _, lookup = name.rpartition("__")
            return lookup in LOOKUPS and column.rpartition("__")[2] in FOR_PEOPLE
    return False


def messages_read(name: str, text: str) -> set[str]:
    """The lines that take a decision from the text of a message."""
    lines = text.splitlines()
    found = (getattr(node, "lineno", 0) for node in ast.walk(ast.parse(text)) if _reads_a_message(node))
    return {f"{name}: {lines[number - 1].strip()}" for number in found}


def test_no_code_decides_by_the_text_of_a_message() -> None:
    """The text may be reworded, translated or cut; a decision that hangs on it then changes without a word."""
    ours = [(name, text) for name, text in texts(".py") if not name.startswith("tests/") and "/migrations/" not in name]
    found = {line for name, text in ours for line in messages_read(name, text)}

    assert not found, "give the row a column, the exception an attribute, or the function a typed result"


def test_each_way_to_decide_by_a_message_is_seen() -> None:
    ways = [
        'event.detail.startswith("handled")',
        'why.endswith(": 401")',
        'any(why[:9].lower().startswith("paid") for why in found)',
        'order.events.filter(what="released", why__startswith=TOO_DEAR)',
        'Event.objects.filter(event__detail__icontains="x")',
        "pattern.search(job.last_error)",
        'str(error).endswith("gone")',
        '"gone" in str(error)',
    ]  # fmt: skip
    assert [messages_read("a.py", way) for way in ways] == [{f"a.py: {way}"} for way in ways]
    assert not messages_read("a.py", 'reference.startswith("cs_") or events.filter(why="", detail=detail)')


# The one home of normalization, and what is not the shop.
FREE_WITH_ADDRESSES = ("ilytat/integrations/email.py", "sandbox/", "tests/", "bench/")
FOLDING_LOOKUP = re.compile(
    r"\b(?:\w+__)?(?:\w*(?:email|address)|to|who|asked_by|username)"
    r"__(?:iexact|i?contains|i?startswith|i?endswith|i?regex|lower|upper)\b"
)
ADDRESS_WORD = re.compile(r"email|address|username|\.to\b", re.IGNORECASE)


def is_folding(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"lower", "casefold", "upper"}:
        return bool(ADDRESS_WORD.search(ast.unparse(call.func.value)))
    names = isinstance(call.func, ast.Name) and call.func.id in {"Lower", "Upper"}
    return names and bool(ADDRESS_WORD.search(ast.unparse(call)))


def folded_addresses(name: str, text: str) -> list[str]:
    """Lookups and calls that take two different addresses for one."""
    lookups = [hit.group() for hit in FOLDING_LOOKUP.finditer(text)]
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and is_folding(node)]
    return [f"{name}: {found}" for found in (*lookups, *map(ast.unparse, calls))]


def test_addresses_are_compared_exactly_and_normalized_in_one_place() -> None:
    all_code = ((name, text) for name, text in texts(".py") if "/migrations/" not in name)
    ours = [(name, text) for name, text in all_code if not name.startswith(FREE_WITH_ADDRESSES)]
    found = [one for name, text in ours for one in folded_addresses(name, text)]

    assert not found, "compare normalized addresses with `=` (ilytat/integrations/email.py): databases fold look-alikes"


def test_the_check_of_comparisons_finds_what_folds_and_nothing_else() -> None:
    folding = """
rows.filter(email__iexact=email)
rows.filter(Q(user__email__icontains=x) | Q(to__istartswith=y), **{"order__email__startswith": z})
same = typed_email.strip().lower() == user.email.lower()
users.annotate(lowered=Lower("email"))
"""
    exact = "rows.filter(email=email, title__icontains=x, name=name.lower(), dedupe_key__startswith=key)"
    assert len(folded_addresses("x.py", folding)) == 7
    assert not folded_addresses("x.py", exact)


def test_every_column_and_form_field_of_an_address_normalizes_it() -> None:
    """Allauth's own column is filled by its forms and adapter; the brand's address is nobody's identity."""
    fields = [field for model in apps.get_models() for field in model._meta.get_fields()]
    plain = {str(x) for x in fields if isinstance(x, models.EmailField) and not isinstance(x, EmailColumn)}
    forms = {name for name, text in texts(".py") if not name.startswith("tests/") and "forms.EmailField(" in text}

    assert plain == {"account.EmailAddress.email", "notifications.Brand.support_email"}, "use EmailColumn"
    assert not forms, "use EmailFormField"


MODULES = ("ilytat", "catalog", "orders", "payments", "notifications", "sandbox", "tests", "bench")
MENTION = re.compile(rf"`((?:{'|'.join(MODULES)})(?:[./]\w+)+)(?:\(\))?(?:::\w+)?`")
PERMISSION = re.compile(r"\w+\.(read|write|[a-z]+_[a-z]+)")  # `payments.refund_order`, Printify's scope `orders.read`


@cache
def names_in(path: Path) -> set[str]:
    """Return every name that the module defines or imports, attributes included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).rpartition(".")[2])
    return names


def exists(mention: str) -> bool:
    """Return whether a path, a module, or a name in a module that is called so exists."""
    if (ROOT / mention).exists():
        return True
    parts = mention.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return set(parts[length:]) <= names_in(path)
    return False


def test_every_module_that_a_text_mentions_exists() -> None:
    mentions = [
        (name, mention)
        for name, text in texts(".py", ".md", ".html")
        if name != "CHANGELOG.md" and "/migrations/" not in name
        for mention in MENTION.findall(text)
    ]
    wrong = [f"{name}: {mention}" for name, mention in mentions if not exists(mention)]

    assert not [line for line in wrong if not PERMISSION.fullmatch(line.rpartition(" ")[2])], "say where it is now"
    assert len(mentions) > len(wrong)
