"""The reader of tables against what was written: random tables in all formats, damaged files, and single cases."""

import csv
import io
import json
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributional_view.errors import UserError
from distributional_view.tables import Table, as_scores, read_table, table_of

ROWS = 12
ORDER = list(range(7, 7 + 11 * ROWS, 11))[::-1]
"""Whole numbers that are all different and count nothing."""
WORDS = st.lists(
    st.text("abé猫,;\t'\"\n#0.", max_size=6).map(lambda s: "img" + s.strip()), min_size=ROWS, max_size=ROWS, unique=True
)
FRACTIONS = st.lists(st.integers(0, 40).map(lambda i: i + 0.25), min_size=ROWS, max_size=ROWS)
COUNTS = st.lists(st.integers(0, 3), min_size=ROWS, max_size=ROWS)


@st.composite
def written(draw):
    """A table as it was meant: ids or None, the header or None, and columns; one of them has fractions."""
    columns = [draw(FRACTIONS), *draw(st.lists(st.one_of(FRACTIONS, COUNTS), max_size=3))]
    columns = draw(st.permutations(columns))
    ids = draw(st.one_of(st.none(), WORDS, st.just(list(range(ROWS))), st.just(ORDER)))
    names = [f"x{j}é" for j in range(len(columns))]
    numbers = [str(100 + 37 * j) for j in draw(st.permutations(range(len(columns))))]
    header = draw(st.sampled_from([None, names, numbers]))
    first = [] if ids is None or header is None else [draw(st.sampled_from(["", "id", "file"]))]
    return ids, header, first, columns


@st.composite
def form(draw):
    """How a text file is written."""
    separator = draw(st.sampled_from([",", ";", "\t"]))
    end, quoting = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    encoding, tail = (
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        draw(st.sampled_from(["", "\n\n", "  \n"])),
    )
    return separator, end, quoting, encoding, tail


def text_of(table, separator, end, quoting, encoding, tail) -> bytes:
    ids, header, first, columns = table
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
    if header is not None:
        writer.writerow([*first, *header])
    for i, row in enumerate(zip(*columns, strict=True)):
        writer.writerow([*([ids[i]] if ids is not None else []), *row])
    return (file.getvalue() + tail).encode(encoding)


def outcome(path, **asked) -> Table | None:
    """The table, or None if it was refused with the file's name."""
    try:
        return read_table(path, **asked)
    except UserError as error:
        refusal = str(error)
    assert path.name in refusal
    return None


def agrees(found: Table, table, names) -> bool:
    ids, _, _, columns = table
    expected = None if ids is None else [str(x).strip() for x in ids]
    return (
        [c.name for c in found.columns] == names
        and all(c.ids == expected for c in found.columns)
        and all(as_scores(c.read()).tolist() == column for c, column in zip(found.columns, columns, strict=True))
    )


@given(written(), form())
def test_text_is_read_as_it_was_meant_or_asked_about(tmp_path_factory, table, how):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(text_of(table, *how))
    ids, header, _, columns = table
    start = 0 if ids is None else 1
    names = header or ([path.stem] if len(columns) + start == 1 else [str(start + j) for j in range(len(columns))])
    found = outcome(path)
    assert found is None or agrees(found, table, names)
    told = outcome(path, header=header is not None)
    assert told is not None
    assert agrees(told, table, names)
    certain = all(isinstance(column[0], float) for column in columns)
    if certain or (header is not None and not header[0].isdigit()):
        assert found is not None


@given(written())
def test_other_formats_are_read_as_they_were_meant(tmp_path_factory, table):
    folder = tmp_path_factory.getbasetemp()
    ids, _, _, columns = table
    names = [f"x{j}é" for j in range(len(columns))]
    named = ({} if ids is None else {"id": ids}) | dict(zip(names, columns, strict=True))
    np.savez(folder / "fuzz.npz", **named)
    pq.write_table(pa.table(named), folder / "fuzz.parquet")
    fields = np.rec.fromarrays([np.asarray(c) for c in named.values()], names=list(named))
    np.save(folder / "fuzz.npy", fields.view(np.ndarray))
    for name in ("fuzz.npz", "fuzz.parquet", "fuzz.npy"):
        assert agrees(read_table(folder / name), table, names), name
    assert agrees(table_of(named), table, names)
    np.save(folder / "bare.npy", np.column_stack(columns))
    bare = read_table(folder / "bare.npy").columns
    assert [c.read().tolist() for c in bare] == columns
    assert [c.name for c in bare] == [str(j) if len(columns) > 1 else "0" for j in range(len(columns))]


VALUES = {"a": np.arange(40) * 0.37, "b": np.arange(40) % 3, "c": np.arange(40) % 2 == 0}
SUFFIXES = ("npy", "npz", "csv", "parquet")


def whole_file(folder, suffix) -> bytes:
    path = folder / f"whole.{suffix}"
    if suffix == "npy":
        np.save(path, np.column_stack(list(VALUES.values())))
    elif suffix == "npz":
        np.savez(path, **VALUES)
    elif suffix == "parquet":
        pq.write_table(pa.table(VALUES), path, write_page_checksum=True)
    else:
        np.savetxt(path, np.column_stack(list(VALUES.values())), delimiter=",", header="a,b,c")
    return path.read_bytes()


@given(st.sampled_from(SUFFIXES), st.data())
def test_damaged_files_are_refused_by_name(tmp_path_factory, suffix, data):
    """Cut, or with flipped bytes: no traceback; where the format has checksums, no wrong number either."""
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(whole_file(folder, suffix))
    places = st.integers(0, len(content) - 1)
    if data.draw(st.booleans()):
        del content[data.draw(places) :]
    else:
        for place in data.draw(st.lists(places, min_size=1, max_size=4)):
            content[place] ^= data.draw(st.integers(1, 255))
    path = folder / f"damaged.{suffix}"
    path.write_bytes(content)
    table = outcome(path)
    for column in [] if table is None else table.columns:
        with suppress(UserError):
            values = as_scores(column.read())
            assert values.size > 0
            assert suffix != "npz" or values.tolist() == VALUES[column.name].astype(float).tolist()


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_a_damaged_column_does_not_lose_the_others(tmp_path, suffix):
    content = bytearray(whole_file(tmp_path, suffix))
    place = bytes(content).find(np.float64(7 * 0.37).tobytes())
    assert place > 0
    content[place] ^= 255
    path = tmp_path / f"d.{suffix}"
    path.write_bytes(content)
    table = read_table(path)
    with pytest.raises(UserError, match=r"'a'.* cannot be read"):
        table.values("a")
    assert (table.values("b") == VALUES["b"]).all()
    assert (table.values("c") == VALUES["c"]).all()


def fractions(n=12):
    return "".join(f"{0.1 + 0.7 * i:.3f}\n" for i in range(n))


@pytest.mark.parametrize(
    ("text", "names", "ids", "words"),
    [
        ("9863\n" + fractions(), ["9863"], None, "is read as names (--no-header: as values)"),
        ("0\n" + fractions(), ["0"], None, "'0', is read as names"),
        ("0\n0\n0.5\n0\n", ["a"], None, "'0', is read as values (--header: as names)"),
        (",0,1\n0,3,1\n1,2,2\n2,2,5\n", ["0", "1"], ["0", "1", "2"], "--id-column none"),
        ("id,f\n139,1\n285,1\n632,4\n", ["f"], ["139", "285", "632"], "named by column 'id'"),
        ("no,f\n0,3\n1,2\n2,2\n", ["f"], ["0", "1", "2"], "named by column 'no'"),
        ("count,f\n139,1\n285,1\n632,4\n", ["count", "f"], None, "--id-column 'count' takes it"),
        ("139,0.5\n285,0.25\n632,0.1\n", ["1"], ["139", "285", "632"], "named by column '0'"),
        ("f,file\n1,x.png\n2,y.png\n", ["f"], ["x.png", "y.png"], "named by column 'file'"),
        ('"a,b.png";0.5\n"c;d.png";0.25\n', ["1"], ["a,b.png", "c;d.png"], "semicolons"),
        ("file,9863\na,0.5\nb,0.25\n", ["9863"], ["a", "b"], "'file,9863', is read as names"),
        ("# 9863\n1\n2\n", ["9863"], None, "read as names"),
        ("1.5 2.5\n3.5 4.5\n", ["0", "1"], None, "separated by spaces"),
        ("label,f\nx,1\nx,2\ny,3\n", ["label", "f"], None, "comma"),
    ],
)
def test_how_text_is_read(tmp_path, text, names, ids, words):
    (tmp_path / "a.csv").write_text(text)
    table = read_table(tmp_path / "a.csv")
    assert [c.name for c in table.columns] == names
    assert {tuple(c.ids) if c.ids else None for c in table.columns} == {tuple(ids) if ids else None}
    assert any(words in sentence for sentence in table.reading), table.reading


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9863\n0\n3\n1\n", "first line = '9863': must be said to be names or values: --header or --no-header"),
        ("0\n0\n5\n0\n", "first line = '0': must be said to be names or values"),
        ("9863\n0.5\n1.5\n", "first line = '9863': must be said to be"),
        ("0,5\n0,7\n1,25\n", "if each line is one number with a decimal comma"),
        ("1,234.5\n2,345.6\n", "if each line is one number with a thousands separator"),
        ("1 234\n3 456\n", "if each line is one number with a thousands separator"),
        ("a\n0,5\n1,5\n", "line 2 has 2 columns: must have 1, like the first line (write numbers with a decimal point"),
        ("NA,1\n2,3\n", "'NA' can be a name or a missing value"),
        ('a\n"1\n2\n', "line 3 is no line of a table"),
    ],
)
def test_text_that_can_be_read_in_two_ways_is_asked_about(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError) as refused:
        read_table(tmp_path / "a.csv")
    assert words in str(refused.value)
    assert "a.csv" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (
            "a;b\n0,5;1\n0,7;2\n",
            "a",
            "line 2, column 1: '0,5' must be a number with a decimal point, not a decimal comma",
        ),
        ('a,b\n"1,234.5",1\n"2,345.6",2\n', "a", "'1,234.5' must be a number without thousands separators"),
        ('a\n1\n""\n', "a", "line 3, column 1: '' must be a number"),
        ("a\n1_000\n2\n3\n", "a", "'1_000' must be a number"),
        ("a,b\n1,x\n2,3\n3,4\n", "b", "line 2, column 2: 'x' must be a number"),
    ],
)
def test_cells_that_are_no_numbers(tmp_path, text, name, words):
    (tmp_path / "a.csv").write_text(text)
    table = read_table(tmp_path / "a.csv")
    with pytest.raises(UserError) as refused:
        table.values(name)
    assert words in str(refused.value)
    assert "a.csv" in str(refused.value)


def test_the_column_of_ids_can_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n3,1\n1,1\n")
    assert [(c.name, c.ids) for c in read_table(path, id_column="a").columns] == [("b", ["3", "1"])]
    assert [c.name for c in read_table(path, id_column="none").columns] == ["a", "b"]
    for wanted, words in (("z", "must be none or one of the columns: a, b"), ("b", "different names, not '1' twice")):
        with pytest.raises(UserError, match=words):
            read_table(path, id_column=wanted)


def test_the_index_of_pandas_names_the_examples(tmp_path):
    described = {b"pandas": json.dumps({"index_columns": ["__index_level_0__"], "columns": []}).encode()}
    for index, ids in ((["p", "q", "r"], ["p", "q", "r"]), ([5, 5, 6], None)):
        table = pa.table({"f": [1.0, 2.0, 2.0], "__index_level_0__": index}).replace_schema_metadata(described)
        pq.write_table(table, tmp_path / "a.parquet")
        found = read_table(tmp_path / "a.parquet")
        assert [(c.name, c.ids) for c in found.columns] == [("f", ids)]
        assert "index" in found.reading[0]


def test_masks_are_not_dropped():
    masked = np.ma.masked_array([1.0, 4.0, 61.0], [False, False, True])
    for given_, name in ((masked, "activations"), ({"x": masked}, "x"), ([masked, masked], "2")):
        [*_, last] = table_of(given_).columns
        assert last.name == name
        with pytest.raises(UserError, match=r"masked activations = [12]: must be 0"):
            as_scores(last.read())
    assert as_scores(table_of(masked[:2]).columns[0].read()).tolist() == [1.0, 4.0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float64(3.0), r"shape of 'activations' = \(\): must be \(n,\) or \(n, features\)"),
        (np.zeros((2, 2), dtype=[("a", float)]), "array of named fields"),
        ([[1.0], [2.0, 3.0]], "must be an array of numbers"),
    ],
)
def test_arrays_that_are_no_tables(array, words):
    with pytest.raises(UserError, match=words):
        table_of(array)


def test_members_that_are_no_columns_do_not_stop_the_others(tmp_path):
    np.savez(tmp_path / "a.npz", good=np.arange(5.0), cube=np.zeros((2, 2, 2)), seed=3, words=np.array(["x"] * 5))
    table = read_table(tmp_path / "a.npz")
    assert table.values("good").tolist() == [0, 1, 2, 3, 4]
    for name, words in (("cube", "shape of 'cube'"), ("seed", "shape of 'seed'")):
        with pytest.raises(UserError, match=words):
            table.values(name)
    with pytest.raises(UserError, match="activations' type"):
        as_scores(table.values("words"))


def test_ids_of_arrays():
    table = table_of(np.zeros((3, 2)), ids=["p", "q", "r"])
    assert [c.ids for c in table.columns] == [["p", "q", "r"]] * 2
    for ids, words in ((["p"], "number of ids = 1"), (["p", "p", "q"], "different from each other")):
        with pytest.raises(UserError, match=words):
            table_of(np.zeros((3, 2)), ids=ids)
