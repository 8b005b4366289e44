"""A rater study: what raters see tells nothing, bad answers are rejected with reasons, numbers are those known."""

import base64
import csv
import doctest
import hashlib
import json
import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from distributional_view.errors import UserError
from distributional_view.figures.study import agreement, answers, descriptions
from distributional_view.figures.study import rater as rater_module
from distributional_view.figures.study.agreement import alpha
from distributional_view.figures.study.answers import Unusable, answer_of, parse_reply, read_answers
from distributional_view.figures.study.build import build
from distributional_view.figures.study.command import study as command
from distributional_view.figures.study.descriptions import spread, tf_idf
from distributional_view.figures.study.rater import Endpoint, rate
from distributional_view.figures.study.scores import Grades, difference, draws_of, mean_score, success
from distributional_view.figures.study.server import StudyServer, append
from distributional_view.figures.study.sources import Cell, collected
from distributional_view.figures.study.study import open_study, read_key
from tests.support.studies import (
    CONCEPTS,
    METHODS,
    answer_all,
    key_of,
    make_study,
    write_compared,
    write_pictures,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("made"))


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path)


def run(*arguments, **options):
    return CliRunner().invoke(command, list(map(str, arguments)), **options)


def refused(result, *words):
    assert result.exit_code in (1, 2), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    for word in words:
        assert word in " ".join(result.output.split()), result.output


# What raters see


def test_a_grid_shows_four_pictures_of_its_cell(made):
    cells = read_key(made)
    assert sorted(cells.values()) == sorted(Cell(m, f"f{j}") for m in METHODS for j in range(4))
    for item, cell in cells.items():
        pixels = np.asarray(Image.open(made.grid(item)))
        assert pixels.shape == (50, 50, 3)
        corners = {tuple(pixels[y, x].tolist()) for y in (5, 45) for x in (5, 45)}
        assert len(corners) == 4, "the same picture twice"
        method, feature = METHODS.index(cell.method), int(cell.feature[1:])
        assert {c[:2] for c in corners} == {(60 * method + 20, 60 * feature + 20)}
        assert {c[2] for c in corners} <= {40 * k + 20 for k in range(5)}


def test_what_raters_get_tells_no_method(made):
    files = [path for path in (made.folder / "raters").rglob("*") if path.is_file()]
    assert len(files) == 12 + 2
    for path in files:
        content = path.read_bytes()
        for word in (*METHODS, '"f0"', "/f0", '"seed"'):
            found = word.encode() in re.sub(rb"data:image/png;base64,[\w+/=]+", b"", content)
            assert path.suffix == ".png" or not found, (path, word)
        if path.suffix == ".png":
            assert Image.open(path).info == {}
    order = [(cell.method, cell.feature) for cell in read_key(made).values()]
    assert order != sorted(order)


def test_equal_arguments_give_equal_bytes(made, tmp_path):
    again, other = make_study(tmp_path / "again"), make_study(tmp_path / "other", seed=1)
    names = sorted(p.relative_to(made.folder) for p in (made.folder / "raters").rglob("*.*"))
    assert all((made.folder / n).read_bytes() == (again.folder / n).read_bytes() for n in names)
    assert again.name == made.name != other.name
    assert [c["method"] for c in key_of(other).values()] != [c["method"] for c in key_of(made).values()]


def test_sources_of_each_kind(tmp_path):
    folder = write_pictures(tmp_path / "p", methods=("alpha",), features=1)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["method", "feature", "picture", "level"], *(["m", 7, f"p/alpha/f0/{k}.png", 0.9] for k in range(4))]
        )
    job = tmp_path / "jobs" / "one"
    job.mkdir(parents=True)
    told = {"request": {"method": "EnergyDPS", "target": 3.5}, "origin": {"embedded": True, "feature": 482}}
    (job / "explanation.json").write_text(json.dumps(told))
    images = np.stack([np.full((1, 8, 8), value, np.float32) for value in (-1, 0, 1, 5)])
    np.save(job / "shown.npy", images)
    found = collected([folder, tmp_path / "t.csv", tmp_path / "jobs"])
    assert {cell: len(shots) for cell, shots in found.items()} == {
        Cell("alpha", "f0"): 5,
        Cell("m", "7", "0.9"): 4,
        Cell("EnergyDPS", "482", "3.5"): 4,
    }
    grey = [shot.read().getpixel((4, 4)) for shot in found[Cell("EnergyDPS", "482", "3.5")]]
    assert grey == [(0, 0, 0), (128, 128, 128), (255, 255, 255), (255, 255, 255)]


def test_the_job_of_the_paradigms_is_a_source(tmp_path):
    job = write_compared(tmp_path / "results" / "paradigms-job", few=[("beta", 0.95)])
    before = {path.name: path.read_bytes() for path in job.iterdir()}
    made = run("make", job, "--out", tmp_path / "study", "--level", 0.95, "--side", 16)
    assert made.exit_code == 0, made.output
    assert "4 items, 2 methods, 2 features" in made.output
    key = json.loads((tmp_path / "study" / "key.json").read_text())["items"]
    assert {(row["method"], row["feature"], row["level"]) for row in key.values()} == {
        (method, feature, "0.95") for method in ("alpha", "gamma") for feature in CONCEPTS[:2]
    }
    gamma = next(n for n, row in key.items() if (row["method"], row["feature"]) == ("gamma", CONCEPTS[1]))
    grid = Image.open(tmp_path / "study" / "raters" / "grids" / f"{gamma}.png")
    assert sorted(grid.getpixel(place)[0] for place in ((4, 4), (30, 4), (4, 30), (30, 30))) == [186, 187, 188, 189]
    assert {path.name: path.read_bytes() for path in job.iterdir()} == before
    everything = run("make", tmp_path / "results", "--out", tmp_path / "all", "--side", 16)
    assert "10 items, 3 methods" in everything.output
    few = f"beta on feature {CONCEPTS[0]} at level 0.95 has 2 pictures: left out, a grid shows 4"
    assert few in made.output
    assert few in everything.output


def test_the_job_of_the_paradigms_can_be_wrong(tmp_path):
    job = write_compared(tmp_path / "one")
    out = tmp_path / "out"
    refused(run("make", job, "--out", out, "--level", "0.9"), "--level 0.9: must be one of '0.8', '0.95'")
    write_compared(tmp_path / "one" / "again", features=1)
    refused(run("make", job, "--out", out), "both have alpha on zebra stripes: name one of the two folders")
    lines = (job / "cells-1.jsonl").read_bytes().split(b"\n")
    cut = write_compared(tmp_path / "cut", features=0)
    (cut / "cells-1.jsonl").write_bytes(b"\n".join([*lines[:-2], lines[-2][:30]]))
    assert run("make", cut, "--out", out, "--side", 16).exit_code == 0
    (cut / "cells-1.jsonl").write_bytes(b"\n".join([lines[0][:30], *lines[1:]]))
    refused(run("make", cut, "--out", out), "cells-1.jsonl: line 1 is damaged")
    (cut / "cells-1.jsonl").write_text('{"shown": {"grey": "no", "scores": []}, "level": 0.5}\n')
    refused(run("make", cut, "--out", out), "line 1 is none of `dview paradigms`")


def test_sources_can_be_wrong(tmp_path):
    write_pictures(tmp_path / "few", features=1, pictures=3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("method,feature\na,1\n")
    (tmp_path / "u.csv").write_text("method,feature,picture\na,1,x.png\n")
    (tmp_path / "v.csv").write_text("method,feature,picture\na,,x.png\n")
    bad = tmp_path / "jobs"
    bad.mkdir()
    (bad / "explanation.json").write_text('{"request": {"method": "x"}}')
    told = json.dumps({"request": {"method": "x", "target": 1}, "origin": {"feature": 1}})
    for name, content in (("old", None), ("cut", b"\x93NUMPY"), ("flat", np.zeros((4, 8, 8)))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "explanation.json").write_text(told)
        if isinstance(content, bytes):
            (tmp_path / name / "shown.npy").write_bytes(content)
        elif content is not None:
            np.save(tmp_path / name / "shown.npy", content)
    (tmp_path / "torn" / "m" / "f").mkdir(parents=True)
    for k in range(4):
        (tmp_path / "torn" / "m" / "f" / f"{k}.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    for source, words in [
        ("few", "alpha on feature f0 has 3 pictures: a grid shows 4"),
        ("empty", "holds no pictures: must be a table"),
        ("gone", "there is no such file or folder"),
        ("t.csv", "line 1 must name the columns method, feature, picture: picture is not"),
        ("u.csv", "line 2: picture ="),
        ("v.csv", "line 2 has no feature"),
        ("jobs", "is none of `dview explain`: it has no 'origin'"),
        ("old", "the same call of `dview explain` writes it"),
        ("cut", "holds no pictures of a job"),
        ("flat", "images of shape (4, 8, 8): must be"),
        ("torn", "not a picture"),
    ]:
        refused(run("make", tmp_path / source, "--out", out), words)
        assert not out.exists()
    refused(run("make", tmp_path / "few", "--out", out, "--side", 3), "--side")


def test_a_folder_with_another_study_is_kept(study, tmp_path):
    cells = collected([tmp_path / "pictures"])
    before = (study.folder / "key.json").read_bytes()
    with pytest.raises(UserError, match="another study"):
        build(cells, study.folder, 1, 24, 2)
    assert (study.folder / "key.json").read_bytes() == before
    build(cells, study.folder, 0, 24, 2)
    (study.folder / "raters" / "items.json").unlink()
    (study.folder / "key.json").unlink()
    answer = study.answers("ann")
    append(answer, {})
    with pytest.raises(UserError, match="holds the answers to another study"):
        build(cells, study.folder, 0, 24, 2)


def test_features_that_a_method_lacks_are_named(tmp_path):
    write_pictures(tmp_path / "p", methods=("a", "b"), features=1)
    write_pictures(tmp_path / "p", methods=("a",), features=2)
    result = run("make", tmp_path / "p", "--out", tmp_path / "s", "--side", 16)
    assert result.exit_code == 0, result.output
    assert "3 items, 2 methods, 2 features\nfeature f1: nothing by b\n" in result.output


# Answers


def row(study, /, **other):
    item = next(iter(study.items))
    base = {"study": study.name, "rater": "ann", "kind": "person", "item": item, "concept": "stripes", "score": 3}
    return {**base, **other}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"score": 5}, "score = 5: must be a whole number from 1 to 4"),
        ({"score": 0}, "score = 0: must be"),
        ({"score": "3"}, "score = '3': must be"),
        ({"score": 3.0}, "score = 3.0: must be"),
        ({"score": True}, "score = True: must be"),
        ({"concept": " "}, "concept = ' ': must be a description"),
        ({"concept": "x" * 301}, "must be a description of 1 to 300 characters"),
        ({"concept": None}, "concept = None"),
        ({"item": "999"}, "item = '999': the study has no such item"),
        ({"study": "other"}, "study = 'other': must be"),
        ({"rater": " "}, "must be a name of 1 to 60 characters"),
        ({"rater": "a\x07"}, "must be a name"),
        ({"rater": 3}, "rater = 3: must be text"),
        ({"kind": "robot"}, "kind = 'robot': must be one of person, AI"),
        ({"kind": "AI"}, "the reply is no text"),
        ({"kind": "AI", "reply": "concept: x\nscore: 7"}, "score = 7"),
    ],
)
def test_bad_answers_are_rejected(made, other, reason):
    with pytest.raises(Unusable, match=re.escape(reason)):
        answer_of(row(made, **other), made)


def test_answers_are_read(made):
    assert answer_of(row(made, rater="  ann   b "), made)[:2] == ("ann b", "person")
    assert answer_of(row(made, kind="AI", reply="concept: x y\nscore: 2"), made)[3:] == ("x y", 2)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("concept: zebra stripes\nscore: 3", ("zebra stripes", 3)),
        ("\n**Concept:** eyes: round ones\n\n`Score: 4`\n", ("eyes: round ones", 4)),
        ("concept: x", None),
        ("score: 3\nconcept: x", None),
        ("concept: x\nscore: 3.5", None),
        ("concept: x\nscore: 3/4", None),
        ("concept: x\nscore: ³", None),
        ("concept:\nscore: 3", None),
        ("concept: x\nscore: 3\nI am sure.", None),
        ("Here you are:\nconcept: x\nscore: 3", None),
        ("I cannot help with that.", None),
        (None, None),
    ],
)
def test_replies(reply, found):
    if found is not None:
        assert parse_reply(reply) == found
        return
    with pytest.raises(Unusable):
        parse_reply(reply)


def test_rejected_lines_have_their_number_and_reason(study):
    first, second = list(study.items)[:2]
    ann, bob = study.answers("ann"), study.answers("bob")
    ann.parent.mkdir()
    lines = [
        json.dumps(row(study)),
        "",
        '{"study": ',
        json.dumps(row(study, score=9, item=second)),
        json.dumps(row(study, score=1)),
        "[" * 10_000,
    ]
    ann.write_text("\n".join(lines))
    bob.write_bytes(b"\xff\xfe\n" + json.dumps(row(study, item=second)).encode() + b"\n" + lines[0].encode())
    found = read_answers([ann, bob], study)
    assert [(a.item, a.score) for a in found.answers] == [(first, 1), (second, 3)]
    assert found.revised == 1
    where = [(r.file.rsplit("/", 1)[1], r.line) for r in found.rejected]
    assert where == [("ann.jsonl", 3), ("ann.jsonl", 4), ("ann.jsonl", 6), ("bob.jsonl", 1), ("bob.jsonl", 3)]
    reasons = [r.reason for r in found.rejected]
    assert reasons[0].startswith("no JSON: ")
    assert "score = 9" in reasons[1]
    assert f"ann has answered item {first} in " in reasons[4]
    assert reasons[4].endswith("ann.jsonl, line 5")


def test_a_rater_is_a_person_or_a_model(study):
    append(study.answers("ann"), row(study))
    append(study.answers("ann"), row(study, kind="AI", item=list(study.items)[1], reply="concept: x\nscore: 2"))
    with pytest.raises(UserError, match="ann is a person and an AI"):
        read_answers([study.answers("ann")], study)


def test_a_line_that_was_cut_stays_alone(study):
    path = study.answers("ann")
    append(path, row(study))
    path.write_bytes(path.read_bytes()[:-9])
    append(path, row(study, score=2))
    found = read_answers([path], study)
    assert [a.score for a in found.answers] == [2]
    assert [r.line for r in found.rejected] == [1]


# The server


@pytest.fixture
def server(study, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with StudyServer(study) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def ask(server, path, content=None, **headers):
    data = None if content is None else json.dumps(content).encode()
    head = {"Content-Type": "application/json"} if content is not None else {}
    request = urllib.request.Request(server.address + path, data, {**head, **headers})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_server_keeps_answers_and_resumes(server, study):
    assert ask(server, "answers?rater=ann") == (200, b"{}")
    assert ask(server, "answers", row(study))[0] == 200
    assert ask(server, "answers", row(study, score=4))[0] == 200
    told = json.loads(ask(server, "answers?rater=ann")[1])
    assert told == {next(iter(study.items)): {"concept": "stripes", "score": 4}}
    (answer,) = read_answers([study.answers("ann")], study).answers
    assert (answer.rater, answer.kind, answer.score) == ("ann", "person", 4)


def test_the_server_hands_out_grids_and_nothing_else(server, study):
    item = next(iter(study.items))
    assert ask(server, f"grids/{item}.png") == (200, study.grid(item).read_bytes())
    status, page = ask(server, "")
    assert status == 200
    assert b"data:image/png" not in page
    for path in (
        "key.json",
        "../key.json",
        "grids/../../key.json",
        "grids/%2e%2e/key.json",
        "items.json",
        "grids/x.png",
    ):
        status, content = ask(server, path)
        assert status == 404, path
        assert b"alpha" not in content
    assert server.server_address[0] == "127.0.0.1"


def test_the_server_refuses(server, study):
    status, said = ask(server, "answers", row(study, score=9))
    assert (status, "must be a whole number" in said.decode()) == (400, True)
    assert ask(server, "answers", [1])[0] == 400
    assert ask(server, "answers", row(study), **{"Content-Type": "text/plain"})[0] == 404
    assert ask(server, "answers", row(study), Host="evil.example")[0] == 403
    assert ask(server, "", Host="evil.example")[0] == 403
    assert ask(server, "answers", row(study, concept="x" * (1 << 16)))[0] == 413
    assert ask(server, "answers?rater=")[0] == 400
    assert not (study.folder / "answers").exists()
    model = row(study, kind="AI", rater="m")
    assert ask(server, "answers", model)[0] == 200, "a page's answers are a person's"
    assert read_answers([study.answers("m")], study).answers[0].kind == "person"


def test_names_of_files_stay_in_the_folder(study):
    names = ["../key", "a/b", "a:b", "..", "Ann", "Äh"]
    paths = [study.answers(name) for name in names]
    assert {path.parent for path in paths} == {study.folder / "answers"}
    assert len(set(paths)) == len(names)


def test_a_taken_port(server, study):
    refused(run("serve", study.folder, "--no-open", "--port", server.server_port), "choose another one, or 0")


# The AI rater, against a fake endpoint


class FakeModel(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        status, headers, said = self.server.script(len(self.server.asked), body)
        content = (
            said if isinstance(said, bytes) else json.dumps({"choices": [{"message": {"content": said}}]}).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass


GOOD = "concept: stripes\nscore: 3"


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeModel) as server:
        server.asked, server.script = [], lambda n, body: (200, {}, GOOD)
        server.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_model_answers_every_item_once(study, fake, monkeypatch):
    monkeypatch.setenv("RATER_KEY", "s3cret")
    result = run("serve", study.folder, "--rater", fake.url, "--model", "org/eye:1", "--key-variable", "RATER_KEY")
    assert result.exit_code == 0, result.output
    assert "12 of 12 items have an answer by org/eye:1" in result.output
    assert "s3cret" not in result.output
    found = read_answers([study.answers("org/eye:1")], study)
    assert {a.item: (a.kind, a.concept, a.score) for a in found.answers} == {
        item: ("AI", "stripes", 3) for item in study.items
    }
    digests = []
    for path, headers, body in fake.asked:
        assert path == "/v1/chat/completions"
        assert headers["Authorization"] == "Bearer s3cret"
        assert body["model"] == "org/eye:1"
        assert "temperature" not in body
        text, image = body["messages"][1]["content"]
        assert [m["role"] for m in body["messages"]] == ["system", "user"]
        assert not any(word in json.dumps([body["messages"][0], text]) for word in (*METHODS, *study.items))
        prefix, _, data = image["image_url"]["url"].partition(",")
        assert prefix == "data:image/png;base64"
        digests.append(hashlib.sha256(base64.b64decode(data)).hexdigest())
    assert digests == list(study.items.values())
    assert run("serve", study.folder, "--rater", fake.url, "--model", "org/eye:1").exit_code == 0
    assert len(fake.asked) == 12, "what has an answer is not asked again"


def test_no_key_is_sent_unless_named(study, fake, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "s3cret")
    rate(study, Endpoint(fake.url, "m"), "m")
    assert all("Authorization" not in headers for _, headers, _ in fake.asked)


def test_what_fails_for_a_while_is_tried_again(study, fake):
    script = {
        1: (500, {}, b"x"),
        2: (429, {"Retry-After": "7"}, b"x"),
        3: (200, {}, "I think stripes."),
        4: (200, {}, GOOD),
    }
    fake.script = lambda n, body: script.get(n, (200, {}, GOOD))
    waits = []
    assert rate(study, Endpoint(fake.url, "m", wait=waits.append), "m") == 0
    assert waits == [1.0, 7.0]
    assert len(fake.asked) == 12 + 3
    found = read_answers([study.answers("m")], study)
    assert len(found.answers) == 12
    assert [r.line for r in found.rejected] == [1]


def test_tries_are_limited(study, fake):
    waits = []
    fake.script = lambda n, body: (429, {"Retry-After": "100000"}, b"busy")
    with pytest.raises(UserError, match=r"answers 429 .*busy \(3 tries\)"):
        rate(study, Endpoint(fake.url, "m", tries=3, wait=waits.append), "m")
    assert len(fake.asked) == 3
    assert waits == [60.0, 60.0]
    fake.asked.clear()
    fake.script = lambda n, body: (200, {}, "no idea")
    assert rate(study, Endpoint(fake.url, "m", tries=2), "m") == 12
    assert len(fake.asked) == 24


def test_what_fails_for_good_ends_the_work(study, fake):
    for answer, words in [
        ((401, {}, b"bad key"), "answers 401 Unauthorized: bad key"),
        ((302, {"Location": fake.url}, b""), "answers 302"),
        ((200, {}, b"<html>"), "gives no chat completion: '<html>'"),
    ]:
        fake.script = lambda n, body, answer=answer: answer
        fake.asked.clear()
        result = run("serve", study.folder, "--rater", fake.url, "--model", "m")
        refused(result, words)
        assert len(fake.asked) == 1
    refused(
        run("serve", study.folder, "--rater", "http://127.0.0.1:9/v1", "--model", "m", "--tries", 1),
        "cannot be reached",
    )


def test_nothing_is_sent_without_the_option(study, monkeypatch):
    def never(*_):
        raise AssertionError("sent")

    monkeypatch.setattr(rater_module, "build_opener", never)
    monkeypatch.setattr(StudyServer, "serve_forever", lambda self: None)
    assert run("serve", study.folder, "--no-open").exit_code == 0
    refused(run("serve", study.folder, "--model", "m"), "--model says how a model is asked: give --rater URL too")
    refused(run("serve", study.folder, "--rater", "http://x/v1"), "give --model NAME too")
    given = ("serve", study.folder, "--rater", "http://x/v1", "--model", "m")
    refused(
        run(*given, "--key-variable", "NOT_THERE_"), "--key-variable NOT_THERE_: there is no such environment variable"
    )
    refused(run(*given, "--timeout", "-1"), "timeout = -1.0: must be finite and > 0")
    refused(run(*given, "--temperature", "nan"), "temperature = nan")
    refused(run(*given, "--name", "x" * 61), "must be a name of 1 to 60 characters")
    for url in ("file:///etc/x", "x", "http://", "https://u:p@x/v1"):
        refused(run("serve", study.folder, "--rater", url, "--model", "m"), "rater = ")


# Numbers

PUBLISHED = [  # Krippendorff (2011), section C: four observers, twelve units
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]


def ratings(lines):
    return np.array([[np.nan if c == "." else float(c) for c in line.split()] for line in lines]).T


def test_alpha_is_that_of_the_published_example():
    given = ratings(PUBLISHED)
    found = [round(alpha(given, m), 3) for m in ("nominal", "ordinal", "interval")]
    assert found == [0.743, 0.815, 0.849]


@pytest.mark.parametrize("module", [agreement, answers, descriptions], ids=lambda m: m.__name__.rsplit(".")[-1])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_alpha_by_hand():
    assert alpha(ratings(["1 2 3 4", "1 2 3 4"])) == 1
    assert np.isnan(alpha(ratings(["1 1 1", "1 1 1"])))
    assert np.isnan(alpha(ratings(["1 2 3", ". . ."])))
    assert np.isnan(alpha(np.full((3, 2), np.nan)))
    assert alpha(ratings(["1 4", "4 1"])) == pytest.approx(-0.5)  # 1 - 3 * 4 / (2 * 2 * 2)
    noise = np.random.default_rng(0).integers(1, 5, (4000, 3)).astype(float)
    assert abs(alpha(noise)) < 0.03


def test_means_and_intervals():
    rng = np.random.default_rng(3)
    features = np.repeat(np.arange(200), 2)
    effect = rng.normal(0, 1, 200)[features]  # features differ more than methods do
    methods = np.tile([0, 1], 200)
    scores = np.stack([effect + 0.5 * methods + rng.normal(0, 0.3, 400) for _ in range(3)], axis=1)
    grades = Grades(scores, methods, features, ("a", "b"))
    drawn, every = draws_of(grades, 0), np.ones(3, bool)
    one = mean_score(grades, methods == 0, every, drawn)
    assert one.value == pytest.approx(scores[::2].mean())
    per_feature = scores[::2].mean(1)
    half = 1.96 * per_feature.std(ddof=1) / np.sqrt(200)
    assert np.ptp(one.interval) == pytest.approx(2 * half, rel=0.1)
    less = difference(grades, methods == 1, methods == 0, every, drawn)
    paired = scores[1::2].mean(1) - scores[::2].mean(1)
    assert less.value == pytest.approx(paired.mean())
    assert np.ptp(less.interval) == pytest.approx(2 * 1.96 * paired.std(ddof=1) / np.sqrt(200), rel=0.1)
    assert np.ptp(less.interval) < 0.4 * np.ptp(one.interval), "features are drawn for both methods at once"


def test_intervals_need_something_to_draw():
    grades = Grades(np.array([[1.0, np.nan], [3.0, 4.0]]), np.array([0, 1]), np.array([0, 0]), ("a", "b"))
    drawn, rows = draws_of(grades, 0), np.array([True, False])
    assert mean_score(grades, rows, np.ones(2, bool), drawn) == (1.0, None, None)
    assert mean_score(grades, rows, np.array([False, True]), drawn) == (None, None, None)
    assert mean_score(grades, rows, np.zeros(2, bool), drawn) == (None, None, None)


def test_raters_who_differ_widen_the_interval():
    scores = np.tile([[1.0, 4.0]], (20, 1)) + np.random.default_rng(0).normal(0, 0.1, (20, 2))
    grades = Grades(scores, np.zeros(20, int), np.arange(20), ("a",))
    found = mean_score(grades, np.ones(20, bool), np.ones(2, bool), draws_of(grades, 0))
    assert np.ptp(found.interval) < 0.1
    assert found.interval_raters[0] < 1.1
    assert found.interval_raters[1] > 3.9


def test_success_is_of_mean_scores():
    scores = np.array([[2.0, 3.0], [2.0, 2.0], [4.0, np.nan], [np.nan, np.nan]])
    grades = Grades(scores, np.zeros(4, int), np.arange(4), ("a",))
    found = success(grades, np.ones(4, bool), np.ones(2, bool), draws_of(grades, 0), 2.5)
    assert found.value == pytest.approx(2 / 3)


def test_the_variance_of_words_by_hand():
    vectors = np.eye(3)[[0, 0, 1]]
    found = spread(vectors, np.array([1.0, 1.0, 2.0]), np.array([5, 5, 5]), ["a", "b", "c"])
    assert found.variance == pytest.approx(0.5)  # mean (.5, .5), each .5 away squared
    assert found.between == pytest.approx(0.5 / (1 - (2 / 16 + 4 / 16)))
    assert found.chance is None
    assert spread(vectors[:1], np.ones(1), np.array([0]), ["a"]) == (None, None, None, 0)
    items, raters = np.array([0, 0, 1, 1]), ["a", "b", "a", "b"]
    same = spread(np.eye(2)[[0, 0, 1, 1]], np.ones(4), items, raters)
    assert (same.variance, same.between, same.chance, same.items) == (0, 0, 1, 2)
    blind = spread(np.eye(2)[[0, 1, 0, 1]], np.ones(4), items, raters)
    assert blind.between == blind.chance == 1


def test_between_does_not_depend_on_how_many_rate():
    rng = np.random.default_rng(0)

    def measured(m):
        vectors = rng.normal(size=(400 * m, 8))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        items = np.repeat(np.arange(400), m)
        return spread(vectors, rng.integers(1, 5, 400 * m).astype(float), items, [f"rater {r}" for r in range(m)] * 400)

    two, six = measured(2), measured(6)
    assert two.between == pytest.approx(six.between, abs=0.05)
    assert two.variance < 0.7 * six.variance


def test_tf_idf_by_hand():
    one, two, other, none = tf_idf(["the stripe", "stripes", "eyes", "of the"])
    assert np.linalg.norm(one) == pytest.approx(1)
    assert not none.any()
    assert one @ other == 0
    assert 0.4 < one @ two < 1
    # "ab" has the pieces " ab", "ab ", " ab " in 2, 2, 2 of 2 texts; "cd" the same in 1: log(3/3)+1, log(3/2)+1
    first, second = tf_idf(["ab", "ab cd"])
    rare = np.log(1.5) + 1
    assert first @ second == pytest.approx(1 / np.sqrt(1 + rare**2))


# Reading


def test_a_study_is_read(study):
    means = {"alpha": 3.2, "beta": 2.0, "gamma": 2.1}

    def score(method, feature, r, rng):
        return np.clip(round(means[method] + rng.normal(0, 0.4)), 1, 4)

    answer_all(study, score, ("ann", "bob", "cat"))
    answer_all(study, score, ("model",), kind="AI", seed=9)
    (study.folder / "answers" / "bad.jsonl").write_text("{}\n")
    result = run("read", study.folder)
    assert result.exit_code == 0, result.output
    assert "bad.jsonl, line 1: study is missing" in result.output
    told = json.loads((study.folder / "study.json").read_text())
    assert next(iter(told["methods"])) == "alpha"
    alpha_ = told["methods"]["alpha"]
    cells, answers = read_key(study), read_answers(sorted((study.folder / "answers").glob("*.jsonl")), study).answers
    given = [a.score for a in answers if cells[a.item].method == "alpha"]
    people = [a.score for a in answers if cells[a.item].method == "alpha" and a.kind == "person"]
    assert alpha_["score"]["all"]["value"] == pytest.approx(np.mean(given))
    assert alpha_["score"]["person"]["value"] == pytest.approx(np.mean(people))
    assert alpha_["descriptions"]["variance"] == pytest.approx(0, abs=1e-12)
    assert alpha_["descriptions"]["chance"] > 0.8
    assert {d["method"]: d["value"] > 0.5 for d in told["differences"] if d["method"] == "alpha"} == {"alpha": True}
    assert told["raters"]["model"] == {"kind": "AI", "answered": 12}
    assert told["agreement"]["AI"]["ordinal"]["value"] is None
    assert [r["line"] for r in told["rejected"]] == [1]
    assert (study.folder / "study.png").is_file()
    assert "| alpha | 4 |" in (study.folder / "study.md").read_text()


def test_levels_are_apart_where_a_feature_has_several(tmp_path):
    folder = write_pictures(tmp_path / "p", methods=("a",), features=2)
    lines = ["method,feature,level,picture"]
    lines += [f"a,{j},{level},a/f{j}/{k}.png" for j in range(2) for level in (0.5, 0.9) for k in range(4)]
    (folder / "t.csv").write_text("\n".join(lines))
    study = build(collected([folder / "t.csv"]), tmp_path / "s", side=16)
    for item, cell in key_of(study).items():
        append(study.answers("ann"), row(study, item=item, score=4 if cell["level"] == "0.9" else 1))
    assert run("read", study.folder, "--out", tmp_path / "out").exit_code == 0
    told = json.loads((tmp_path / "out" / "study.json").read_text())
    assert {name: m["score"]["all"]["value"] for name, m in told["methods"].items()} == {"a at 0.9": 4, "a at 0.5": 1}


def test_reading_can_be_refused(study, tmp_path):
    refused(run("read", tmp_path / "nothing"), "holds no study")
    refused(run("read", study.folder), "holds no answers")
    saved = tmp_path / "saved.jsonl"
    saved.write_text("{}\n")
    refused(run("read", study.folder, saved), "counts: study is missing")
    saved.write_text(json.dumps(row(study)) + "\n")
    refused(run("read", study.folder, saved, "--success", 9), "success = 9.0: must be in [1, 4]")
    refused(run("read", study.folder, saved, "--sentences", tmp_path), "with a config.json")
    key = study.folder / "key.json"
    content = key.read_text()
    key.write_text(content.replace(study.name, "0" * 12))
    refused(run("read", study.folder, saved), "is the key of study")
    key.write_text("{")
    refused(run("read", study.folder, saved), "is cut or damaged")
    key.unlink()
    refused(run("read", study.folder, saved), "put the key of study")
    items = study.folder / "raters" / "items.json"
    items.write_text(items.read_text().replace('"format": 1', '"format": 2'))
    refused(run("read", study.folder, saved), "format = 2: must be 1")
    items.write_text("{}")
    with pytest.raises(UserError, match="is no list of items"):
        open_study(study.folder)
