#!/usr/bin/env python3
"""Writes docs/rest-api.md: asks a running cluster for its OpenAPI document, makes each call of it, and shows what came.

    slicebus local & docs/rest_api_page.py http://localhost:5678 > docs/rest-api.md

The cluster should be fresh, for what the page shows is what is there, and on this machine, for one job reads a file.
api_test checks that the page has every call.
"""
import io
import json
import pathlib
import re
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
import zipfile

BASE = sys.argv[1]
LINES_MAX = 24
GOOD = {"name": "words", "workers": 1, "operations": [{"_op": "test-reader"}, {"_op": "noop"}]}
LONG = {"name": "long", "workers": 1,
        "operations": [{"_op": "data_generator", "size": 100000, "slice_size": 1}, {"_op": "delay", "ms": 200}]}
WRONG = {"name": "wrong", "slicers": 0, "operations": [{"_op": "test-reader"}, {"_op": "nop"}]}
BROKEN = pathlib.Path(tempfile.gettempdir()) / "broken.ndjson"
FAILING = {"name": "failing", "workers": 1, "max_retries": 0,
           "operations": [{"_op": "file_reader", "path": str(BROKEN), "format": "ldjson"}, {"_op": "noop"}]}
EVERYWHERE = ["200", "201", "400", "405", "408", "413", "500", "503"]  # statuses that need no word on each call


def ask(method, target, body=None, content_type="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + target, data=data, method=method,
                                     headers={"Content-Type": content_type} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def submit(job, query=""):
    return json.loads(ask("POST", "/jobs" + query, job)[1])


def wait_for(ex_id, statuses):
    for _ in range(600):
        if json.loads(ask("GET", "/ex/" + ex_id)[1]).get("_status") in statuses:
            return
        time.sleep(0.1)
    sys.exit(f"{ex_id} does not become {statuses}")


def a_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("asset.json", json.dumps({"name": "example", "version": "1.0.0"}))
    return out.getvalue()


def world():
    """A job in each state that the examples speak of."""
    done = submit(GOOD)
    wait_for(done["ex_id"], ["completed"])
    BROKEN.write_text('{"word": "one"}\n{"word": \n')
    failed = submit(FAILING)
    wait_for(failed["ex_id"], ["failed"])
    live = submit(LONG)
    wait_for(live["ex_id"], ["running"])
    time.sleep(1.5)
    stored = submit(GOOD, "?start=false")
    return {"done": done, "failed": failed, "live": live, "stored": stored}


# What to ask for a call: (target, body). Without an entry: the path as it is. In this order where one call makes what
# the next one needs.
EXAMPLES = [
    ("GET /jobs", "/jobs?size=1&sort=_created:asc&ex=_status", None),
    ("GET /ex", "/ex?status=running&size=1", None),
    ("GET /ex/errors", "/ex/errors?size=1", None),
    ("GET /jobs/{job_id}/errors", "/jobs/{failed}/errors?size=1", None),
    ("GET /ex/{ex_id}/errors", "/ex/{failed.ex}/errors?size=1", None),
    ("GET /jobs/{job_id}/controller", "/jobs/{live}/controller", None),
    ("GET /jobs/{job_id}/slicer", "/jobs/{live}/slicer", None),
    ("GET /ex/{ex_id}/controller", "/ex/{live.ex}/controller", None),
    ("GET /ex/{ex_id}/slicer", "/ex/{live.ex}/slicer", None),
    ("GET /operations/{operation}", "/operations/delay", None),
    ("GET /txt/ex", "/txt/ex?fields=name,_status,ex_id", None),
    ("POST /jobs/_validate", "/jobs/_validate", WRONG),
    ("POST /jobs", "/jobs?start=false", GOOD),
    ("POST /assets", "/assets", b""),
    ("GET /assets/{asset}", "/assets/example", None),
    ("GET /assets/{asset}/{version}", "/assets/example/1.*", None),
    ("GET /txt/assets/{asset}", "/txt/assets/example", None),
    ("GET /txt/assets/{asset}/{version}", "/txt/assets/example/1.0.0", None),
    ("POST /jobs/{job_id}/_workers", "/jobs/{live}/_workers?total=2", None),
    ("POST /ex/{ex_id}/_workers", "/ex/{live.ex}/_workers?add=1", None),
    ("POST /jobs/{job_id}/_settings", "/jobs/{live}/_settings?log_level=debug", None),
    ("POST /jobs/{job_id}/_pause", "/jobs/{live}/_pause", None),
    ("POST /ex/{ex_id}/_pause", "/ex/{live.ex}/_pause", None),
    ("POST /jobs/{job_id}/_resume", "/jobs/{live}/_resume", None),
    ("POST /ex/{ex_id}/_resume", "/ex/{live.ex}/_resume", None),
    ("POST /jobs/{job_id}/_stop", "/jobs/{live}/_stop?timeout=5000", None),
    ("POST /ex/{ex_id}/_stop", "/ex/{live.ex}/_stop", None),
    ("POST /ex/{ex_id}/_recover", "/ex/{failed.ex}/_recover?cleanup_type=errors", None),
    ("POST /jobs/{job_id}/_recover", "/jobs/{done}/_recover", None),
    ("POST /jobs/{job_id}/_start", "/jobs/{stored}/_start", None),
    ("PUT /jobs/{job_id}", "/jobs/{done}", GOOD),
    ("POST /jobs/{job_id}/_inactive", "/jobs/{done}/_inactive", None),
    ("POST /jobs/{job_id}/_active", "/jobs/{done}/_active", None),
    ("DELETE /jobs/{job_id}", "/jobs/{done}", None),
    ("DELETE /assets/{asset}", "/assets/{asset_id}", None),
]

# What the cut of a long answer would hide: call → (what it is, its field).
ALSO = {"GET /ex/{ex_id}": ("At its end an execution has the accounts of its slices and records:", "_accounting")}


def run(document):
    made = world()
    names = {name: ids["job_id"] for name, ids in made.items()}
    names |= {name + ".ex": ids["ex_id"] for name, ids in made.items() if "ex_id" in ids}
    names |= {"job_id": names["done"], "ex_id": names["done.ex"]}
    calls = [f"{method.upper()} {path}" for path, item in document["paths"].items()
             for method in item if method != "servers"]
    told = dict((call, (target, body)) for call, target, body in EXAMPLES)
    order = [call for call in calls if call not in told] + [call for call, _, _ in EXAMPLES if call in calls]
    answers = {}
    for call in order:
        target, body = told.get(call, (call.split(" ", 1)[1], None))
        target = re.sub(r"\{([a-z._]+)\}", lambda match: names.get(match.group(1), match.group(0)), target)
        zipped = body == b""
        status, text = ask(call.split()[0], target, a_zip() if zipped else body,
                           "application/octet-stream" if zipped else "application/json")
        if call == "POST /assets":
            names["asset_id"] = json.loads(text).get("asset_id", "")
        if call.endswith("_recover") or call.endswith("_start"):
            if status != 200:
                sys.exit(f"{call} was answered with {status}: {text}")
            wait_for(json.loads(text)["ex_id"], ["completed", "failed", "stopped"])
        answers[call] = (target, body, status, text)
    return answers


def curl_line(call, target, body):
    words = ["curl", "-s"]
    method = call.split()[0]
    if method != "GET":
        words.append("-X" + method)
    words.append("'localhost:5678" + target + "'" if re.search(r"[?&*]", target) else "localhost:5678" + target)
    if body == b"":
        words.append("-H 'Content-Type: application/octet-stream' --data-binary @example.zip")
    elif body is not None:
        words.append("-d '" + json.dumps(body) + "'")
    return " ".join(words)


def shown(text):
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LINES_MAX:
        lines = lines[:LINES_MAX] + ["…"]
    return "\n".join(lines)


def default_of(parameter):
    default = parameter["schema"].get("default")
    if default is None:
        return "required" if parameter["required"] else "—"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def section(call, operation, answer):
    target, body, status, text = answer
    out = [f"## {call}", "", operation["summary"], ""]
    parameters = [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]
    if parameters:
        out += ["| query | default | meaning |", "|---|---|---|"]
        for parameter in parameters:
            meaning = parameter["description"].replace("|", "\\|")
            out.append(f"| `{parameter['name']}` | {default_of(parameter)} | {meaning} |")
        out.append("")
    refusals = sorted(set(operation["responses"]) - set(EVERYWHERE))
    if refusals:
        out += ["Refusals beside those of every call: " + ", ".join(refusals) + ".", ""]
    out += ["```console", "$ " + curl_line(call, target, body), shown(text)]
    if status >= 400:
        out.append(f"(HTTP status {status})")
    out += ["```", ""]
    if call in ALSO:
        what, field = ALSO[call]
        out += [what, "", "```console", f"$ {curl_line(call, target, body)} | jq .{field}",
                json.dumps(json.loads(text)[field], indent=4), "```", ""]
    return out


def page(document, answers):
    out = ["# REST API", "",
           "Written by `docs/rest_api_page.py` from `GET /openapi.json` and a running cluster; the test",
           "`api_test` checks that each call is here. Long answers are cut at `…`.", "",
           *textwrap.wrap(document["info"]["description"], 120), "",
           "An error looks like this, and has the same status in HTTP:", "",
           "```console", "$ curl -s localhost:5678/jobs/x", shown(ask("GET", "/jobs/x")[1]), "```", ""]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                call = f"{method.upper()} {path}"
                out += section(call, operation, answers[call])
    return "\n".join(out).rstrip() + "\n"


document = json.loads(ask("GET", "/openapi.json")[1])
sys.stdout.write(page(document, run(document)))
