// Follows a trial: the lines of `llamoco-data try --lines`, one JSON record each, become a live plot and a table.
(() => {
  "use strict";
  const { $, made, fail, post, complaint, UNREACHED } = window.page;
  const NAMES = { "answer.py": "this program", random_search: "random search", "scipy-minimize": "SciPy’s default" };
  const MEASURED = ["completed", "over_budget"];
  const named = (program) => NAMES[program] ?? program;
  const number = (value) => (value === null ? "–" : String(Number(value.toPrecision(6))));
  let leaving = null;
  let trial = null;

  const begin = (line) => {
    trial = { ...line, programs: line.programs.map((program) => ({ program, runs: [] })), isDrawn: false };
    $("running").textContent = "starting …";
  };

  const take = (line) => {
    const program = trial.programs.find((each) => each.program === line.program);
    if (!program) return;
    const ended = line.status !== null;
    program.runs[line.repeat] = { ...line, ended, failed: ended && !MEASURED.includes(line.status) };
    const at = line.repeat * trial.programs.length + trial.programs.indexOf(program) + 1;
    $("running").textContent = `run ${at} of ${trial.seeds * trial.programs.length}: ${named(line.program)}`;
    draw();
  };

  // At most once a frame, and not while the page is in the background.
  const draw = () => {
    if (trial.isDrawn) return;
    trial.isDrawn = true;
    requestAnimationFrame(() => {
      if (!trial) return;
      trial.isDrawn = false;
      $("figure").hidden = false;
      const programs = trial.programs.map(({ runs }) => ({ runs: runs.filter(Boolean) }));
      const best = window.plot.draw($("plot"), programs, trial.max_evaluations);
      const title = best === null
        ? "median violation of the constraints; no run has found a feasible point"
        : `median error above ${number(best)}, the best value that any run has found`;
      $("plot").setAttribute("aria-label", title);
      $("caption").textContent = `Evaluations, and ${title}; both axes are logarithmic. Lower and further left is better. Pale lines are single runs.`;
      table();
    });
  };
  window.addEventListener("resize", () => trial && draw());

  const cells = ({ program, runs }) => {
    const ended = runs.filter((run) => run?.ended);
    const found = ended.filter((run) => !run.failed && run.trace.length && run.trace.at(-1)[2] === 0).map((run) => run.trace.at(-1)[1]);
    found.sort((a, b) => a - b);
    const middle = found[Math.floor(ended.length / 2)] ?? null;
    const mean = ended.length ? ended.reduce((sum, run) => sum + run.evaluations, 0) / ended.length : null;
    return [`${found.length}/${ended.length}`, number(found[0] ?? null), number(middle), mean === null ? "–" : Math.round(mean).toLocaleString("en")];
  };
  const HEAD = ["", "feasible", "best", "median", "evaluations"];
  const table = () => {
    const head = made("tr", {}, ...HEAD.map((text, i) => made("th", { scope: "col", className: i ? "num" : "" }, text)));
    const place = (each) => trial.order?.indexOf(each.program) ?? trial.programs.indexOf(each);
    const rows = trial.programs.map((each, i) => {
      const name = made("th", { scope: "row" });
      name.append(window.plot.key(i), named(each.program));
      const line = made("tr", { className: i ? "" : "subject" }, name, ...cells(each).map((text) => made("td", { className: "num" }, text)));
      return [place(each), line];
    });
    rows.sort(([a], [b]) => a - b);
    $("results").replaceChildren(made("thead", {}, head), made("tbody", {}, ...rows.map(([, line]) => line)));
    $("results").hidden = false;
  };

  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const end = (line) => {
    trial.order = line.programs.map((each) => each.program);
    const place = trial.order.indexOf(trial.programs[0].program) + 1;
    const facts = [["place", `${place} of ${counted(trial.order.length, "program")}`]];
    if (line.x) facts.push(["best point", `[${line.x.join(", ")}]`]);
    else facts.push(["best point", "none: no run evaluated a point of the box with finite values and ended well"]);
    for (const [name, value] of line.violated) facts.push(["violated", `${name} = ${value.toPrecision(3)}, to be ${name.startsWith("g") ? "at most 0" : "0"}`]);
    const endings = new Map();
    for (const run of trial.programs[0].runs.filter((each) => each?.failed)) {
      const how = `${run.status}: ${run.detail}`;
      endings.set(how, (endings.get(how) ?? 0) + 1);
    }
    for (const [how, count] of endings) facts.push(["failed", `${counted(count, "run")} ${how}`]);
    if (line.said.trim()) facts.push(["it printed", line.said.trim()]);
    for (const remark of trial.remarks) facts.push(["beware", remark]);
    facts.push(["confined", line.tier]);
    $("facts-of-run").replaceChildren(...facts.flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, value)]));
    $("facts-of-run").hidden = false;
    draw();
  };

  const TAKERS = {
    waiting: (line) => ($("running").textContent = `waiting: ${counted(line.ahead, "trial")} before this one`),
    checking: () => ($("running").textContent = "checking the problem …"),
    problem: begin,
    run: take,
    result: end,
    end: (line) => {
      $("running").textContent = line.error ? "" : "done";
      fail("run-error", line.error);
      leaving.isOver = true;
    },
  };

  const follow = async (response) => {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const text of lines) {
        const line = JSON.parse(text);
        TAKERS[line.line]?.(line);
      }
    }
  };

  const clear = () => {
    trial = null;
    fail("run-error", "");
    for (const id of ["figure", "results", "facts-of-run"]) $(id).hidden = true;
    $("plot").replaceChildren();
    $("running").textContent = "";
  };

  const run = async () => {
    const mine = new AbortController();
    leaving?.abort();
    leaving = mine;
    clear();
    $("run").disabled = true;
    $("stop").hidden = false;
    $("running").textContent = "asking for a trial …";
    try {
      const response = await post("/run", { ...window.page.given(), seeds: Number($("seeds").value) }, mine.signal);
      if (!response.ok) fail("run-error", await complaint(response));
      else await follow(response);
      if (response.ok && !mine.isOver) fail("run-error", "the server ended the trial");
    } catch {
      if (leaving === mine) fail("run-error", mine.signal.aborted ? "" : UNREACHED);
    } finally {
      if (leaving === mine) {
        $("run").disabled = false;
        $("stop").hidden = true;
        if (!mine.isOver) $("running").textContent = mine.signal.aborted ? "stopped" : "";
      }
    }
  };
  $("run").addEventListener("click", run);
  $("stop").addEventListener("click", () => leaving.abort());

  const offer = (isPython) => {
    leaving?.abort();
    leaving = null;
    clear();
    $("run").disabled = !isPython;
    $("stop").hidden = true;
    $("running").textContent = isPython ? "" : "A problem in LaTeX cannot be run; write it in Python to run the program on it.";
    $("trial").hidden = false;
  };
  window.trial = { offer };
})();
