"""A Hugging Face Hub in memory: it answers what `huggingface_hub` asks when a repository is made, pushed to
and pulled from."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from local_server import LocalServer

WRITER, READER = "hf_may_write", "hf_may_read"


@dataclass
class Repo:
    """A model repository: what each commit holds, and which commit each branch is at."""

    private: bool = False
    trouble: str = ""  # gated, rate limit, out of order, silent, cut, cut once, html
    headers: dict[str, str] = field(default_factory=dict)  # of what its files are answered with
    store: HubServer | None = None  # where its files are sent for, if not here
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.commit({}, "initial commit", "main")

    def commit(self, files: dict[str, bytes | None], message: str, branch: str = "main") -> str:
        before = self.commits.get(self.refs.get(branch, self.refs.get("main", "")), {})
        oid = hashlib.sha1(f"{id(self)} {len(self.commits)}".encode()).hexdigest()
        self.commits[oid] = {path: c for path, c in (before | files).items() if c is not None}
        self.refs[branch] = oid
        self.messages.append(message)
        return oid

    def files(self, revision: str = "main") -> dict[str, bytes]:
        return self.commits[self.refs.get(revision, revision)]


class HubServer(LocalServer):
    """`with HubServer() as hub:` serves `hub.repos` at `hub.url`."""

    def __init__(self, handler: type[Handler] | None = None) -> None:
        super().__init__(type("Own", (handler or Handler,), {"hub": self}))
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}  # large files, by sha256
        self.requests: list[str] = []  # "GET /path"
        self.before: Callable[[], object] = lambda: None  # called with each request
        self.done = threading.Event()  # ends the silence

    def __exit__(self, *_) -> None:
        self.done.set()
        super().__exit__()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer
    asked = ""  # "GET resolve"

    def log_message(self, *_) -> None:
        """Not on the terminal."""

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.hub.requests.append(f"{self.command} {self.path}")
        self.hub.before()
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        for methods, pattern, route in _ROUTES:
            found = re.fullmatch(pattern, address.path)
            if found and self.command in methods:
                self.asked = f"{self.command} {route.__name__}"
                route(self, *map(unquote, found.groups()))
                return
        self.send_json({"error": f"the test's Hub knows no {self.command} {self.path}"}, 501)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    def send(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_json(self, content: dict | list, status: int = 200, **headers: str) -> None:
        self.send(json.dumps(content).encode(), status, Content_Type="application/json", **headers)

    def refuse(self, status: int, code: str = "", **headers: str) -> None:
        self.send_json({"error": code}, status, **({"X_Error_Code": code} if code else {}), **headers)

    def find(self, name: str, *, write: bool = False) -> Repo | None:
        """The repository, if this token may see (or change) it; else the refusal is sent."""
        repo = self.hub.repos.get(name)
        known = self.token in (READER, WRITER)
        if self.token and not known:
            self.refuse(401, X_Error_Message="Invalid credentials in Authorization header")
        elif repo is None or (repo.private and not known):
            self.refuse(404 if known else 401, "RepoNotFound")
        elif write and self.token != WRITER:
            self.refuse(403 if known else 401)
        elif repo.trouble == "gated":
            self.refuse(403 if known else 401, "GatedRepo")
        elif repo.trouble == "rate limit":
            self.refuse(429, RateLimit='"api";r=0;t=7')
        elif repo.trouble == "out of order":
            self.refuse(503)
        elif repo.trouble == "silent":
            self.hub.done.wait()
            self.close_connection = True
        else:
            return repo
        return None

    def resolve(self, name: str, revision: str, file: str) -> None:
        if not (repo := self.find(name)):
            return
        if repo.trouble == "html":
            self.send(b"<html>a hotel's log-in page</html>")
            return
        commit = repo.refs.get(revision, revision)
        if commit not in repo.commits:
            self.refuse(404, "RevisionNotFound")
            return
        content = repo.commits[commit].get(file)
        if content is None:
            self.refuse(404, "EntryNotFound", X_Repo_Commit=commit)
            return
        if self.command == "GET" and repo.trouble.startswith("cut"):
            repo.trouble = "" if repo.trouble == "cut once" else "cut"
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        headers = {"X_Repo_Commit": commit, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if repo.store:
            oid = hashlib.sha256(content).hexdigest()
            repo.store.stored[oid] = content
            headers |= {"Location": f"{repo.store.url}/lfs/{oid}", "X_Linked_Size": str(len(content))}
            self.send(b"", 302, **headers)
        else:
            self.send(content, **(headers | repo.headers))

    def info(self, name: str) -> None:
        if repo := self.find(name):
            self.send_json({"id": name, "sha": repo.refs["main"], "private": repo.private, "siblings": []})

    def create(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}"
        if self.token != WRITER:
            self.refuse(403 if self.token == READER else 401)
        elif name in self.hub.repos:
            self.send_json({"url": f"{self.hub.url}/{name}"}, 409)
        else:
            private = asked.get("private") or asked.get("visibility") == "private"
            self.hub.repos[name] = Repo(private=bool(private))
            self.send_json({"url": f"{self.hub.url}/{name}"})

    def validate(self) -> None:
        asked = json.loads(self.body)
        errors = card_errors(asked["content"]) if asked["repoType"] == "model" else []
        found = {"errors": [{"message": e} for e in errors], "warnings": []}
        self.send_json(found, 400 if errors else 200)

    def tree(self, name: str, revision: str) -> None:
        if repo := self.find(name):
            files = repo.files(revision).items()
            self.send_json([{"type": "file", "path": p, "size": len(c), "oid": ""} for p, c in files])

    def branch(self, name: str, branch: str) -> None:
        if not (repo := self.find(name, write=True)):
            return
        if branch in repo.refs:
            self.refuse(409)
            return
        repo.refs[branch] = repo.refs["main"]
        self.send_json({})

    def preupload(self, name: str, revision: str) -> None:
        if not (repo := self.find(name, write=True)):
            return
        if revision not in repo.refs:
            self.refuse(404, "RevisionNotFound")
            return
        paths = [f["path"] for f in json.loads(self.body)["files"]]
        mode = {True: "lfs", False: "regular"}
        self.send_json(
            {
                "files": [
                    {
                        "path": p,
                        "uploadMode": mode[p.endswith((".safetensors", ".gif"))],
                        "shouldIgnore": False,
                    }
                    for p in paths
                ]
            }
        )

    def lfs_batch(self, name: str) -> None:
        if self.find(name, write=True):
            objects = [
                o | {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{o['oid']}"}}}
                for o in json.loads(self.body)["objects"]
            ]
            self.send_json({"transfer": "basic", "objects": objects})

    def lfs_put(self, oid: str) -> None:
        self.hub.stored[oid] = self.body
        self.send(b"")

    def lfs_get(self, oid: str) -> None:
        if self.token:
            self.refuse(400)  # which is for the Hub alone
        else:
            self.send(self.hub.stored[oid])

    def commit(self, name: str, revision: str) -> None:
        if not (repo := self.find(name, write=True)):
            return
        files, message = {}, ""
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                files[value["path"]] = None
        request = "create_pr" in self.query
        oid = repo.commit(files, message, "refs/pr/1" if request else revision)
        urls = {"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid}
        if request:
            urls["pullRequestUrl"] = f"{self.hub.url}/{name}/discussions/1"
        self.send_json(urls)


_REPO = r"([\w.-]+/[\w.-]+)"
_KIND = "(?:models|spaces)"
_ROUTES = (
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.validate),
    ("GET", f"/api/{_KIND}/{_REPO}", Handler.info),
    ("GET", f"/api/{_KIND}/{_REPO}/tree/([^/]+)", Handler.tree),
    ("POST", f"/api/models/{_REPO}/branch/([^/]+)", Handler.branch),
    ("POST", f"/api/{_KIND}/{_REPO}/preupload/([^/]+)", Handler.preupload),
    ("POST", rf"/(?:spaces/)?{_REPO}\.git/info/lfs/objects/batch", Handler.lfs_batch),
    ("PUT", r"/lfs/(\w+)", Handler.lfs_put),
    ("GET", r"/lfs/(\w+)", Handler.lfs_get),
    ("POST", f"/api/{_KIND}/{_REPO}/commit/([^/]+)", Handler.commit),
    ("GET HEAD", f"/{_REPO}/resolve/([^/]+)/(.+)", Handler.resolve),
)


def card_errors(card: str) -> list[str]:
    """What the Hub would refuse in a model card's metadata, by the rules of
    https://huggingface.co/docs/hub/model-cards and of the model-index specification in hub-docs."""
    found = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    if not found:
        return ["no metadata"]
    data = yaml.safe_load(found[1])
    errors = []
    for name in ("license", "license_name", "license_link", "library_name", "pipeline_tag"):
        if not isinstance(data.get(name), str):
            errors.append(f"{name} is {data.get(name)!r}, not text")
    if not re.fullmatch(r"[a-z0-9.-]+", str(data.get("license_name"))):
        errors.append(f"license_name is {data.get('license_name')!r}")
    for name in ("tags", "datasets"):
        if not all(isinstance(t, str) and re.fullmatch(r"[\w./:-]+", t) for t in data.get(name, [None])):
            errors.append(f"{name} is {data.get(name)!r}")
    for model in data.get("model-index", []):
        if not isinstance(model.get("name"), str):
            errors.append("model-index has no name")
        for result in model["results"]:
            if not (result["task"]["type"] and result["dataset"]["type"] and result["dataset"]["name"]):
                errors.append(f"a result lacks its task or data set: {result}")
            if not all(m["type"] and isinstance(m["value"], (int, float)) for m in result["metrics"]):
                errors.append(f"a metric lacks its type or value: {result}")
    return errors
