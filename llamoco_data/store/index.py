"""The index made from the log of a campaign folder: which files count, and where each problem and its runs lie."""

from dataclasses import dataclass, field

from llamoco_data.store.manifest import Entry, StoredFile


@dataclass(slots=True)
class Index:
    """The places of files, problems, runs and candidates, by the entries added so far."""

    num_entries: int = 0
    files: dict[str, StoredFile] = field(default_factory=dict)
    """path -> file."""
    problem_ids: dict[int, str] = field(default_factory=dict)
    """index -> problem_id."""
    problem_file: dict[str, str] = field(default_factory=dict)
    """problem_id -> path of the file with its spec."""
    run_groups: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """problem_id -> (path, row group) of its runs."""
    candidates: str = ""
    """Path of the latest file of candidates; empty where there is none."""
    plans: dict[str, set[str]] = field(default_factory=dict)
    """plan_id -> problem_ids that are complete under it."""

    def add(self, entry: Entry) -> None:
        """Adds the next entry of the log."""
        self.num_entries += 1
        for path in entry.withdrawn:
            self._lose(path)
        for file in entry.files:
            self._gain(file)
        if entry.complete:
            self.plans.setdefault(entry.plan_id, set()).update(entry.complete)

    def _gain(self, file: StoredFile) -> None:
        if file.kind == "candidates":
            self.candidates = file.path
        if file.path in self.files:
            return
        self.files[file.path] = file
        if file.kind == "runs":
            for group, problem_id in enumerate(file.problem_ids):
                self.run_groups.setdefault(problem_id, []).append((file.path, group))
        elif file.kind == "problems":
            for number, problem_id in zip(file.indices, file.problem_ids, strict=True):
                self.problem_ids.setdefault(number, problem_id)
                self.problem_file.setdefault(problem_id, file.path)

    def _lose(self, path: str) -> None:
        """Forgets a file; problems with runs in it are no longer complete."""
        file = self.files.pop(path, None)
        if file is None:
            return
        if file.kind == "candidates" and self.candidates == path:
            self.candidates = ""
        for problem_id in file.problem_ids:
            if file.kind == "runs":
                self.run_groups[problem_id] = [place for place in self.run_groups[problem_id] if place[0] != path]
                for complete in self.plans.values():
                    complete.discard(problem_id)
            elif self.problem_file.get(problem_id) == path:
                del self.problem_file[problem_id]
        if file.kind == "problems":
            self.problem_ids = {n: p for n, p in self.problem_ids.items() if p in self.problem_file}
