// Draws convergence curves: error above the best value found so far, over evaluations, both axes logarithmic.
(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const MARGIN = { left: 52, right: 18, top: 10, bottom: 26 };

  const made = (tag, attributes, ...children) => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  // A row is [evaluations, objective, violation] of the best point so far. A run is {ended, failed, trace}.
  const bestOf = (runs) => {
    const feasible = runs.flatMap((run) => run.trace).filter((row) => row[2] === 0).map((row) => row[1]);
    return feasible.length ? Math.min(...feasible) : null;
  };

  const valuesOf = (run, best) =>
    run.failed ? [] : run.trace.map(([n, f, violation]) => [n, best === null ? violation : violation > 0 ? Infinity : f - best]);

  // The upper median over runs that have ended, at every checkpoint of any of them; a failed run counts as the worst.
  const medianOf = (runs) => {
    const ended = runs.filter((run) => run.ended);
    if (!ended.length) return [];
    const checkpoints = [...new Set(ended.flatMap((run) => run.values.map(([n]) => n)))].sort((a, b) => a - b);
    const at = ended.map(() => 0);
    return checkpoints.map((n) => {
      const now = ended.map((run, i) => {
        while (at[i] < run.values.length && run.values[at[i]][0] <= n) at[i] += 1;
        return at[i] ? run.values[at[i] - 1][1] : Infinity;
      });
      return [n, now.sort((a, b) => a - b)[Math.floor(now.length / 2)]];
    });
  };

  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const powerOfTen = (power) => {
    if (power === 0) return "1";
    const digits = [...String(Math.abs(power))].map((digit) => SUPERSCRIPTS[digit]).join("");
    return `10${power < 0 ? "⁻" : ""}${power === 1 ? "" : digits}`;
  };
  const ticks = (low, high, most) => {
    const first = Math.ceil(low - 1e-9);
    const last = Math.floor(high + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / most));
    const found = [];
    for (let power = first; power <= last; power += 1) if (power % step === 0) found.push(power);
    return found;
  };

  // Draws programs, each {runs}, the first on top; returns the best known value, or null where no run is feasible.
  const draw = (svg, programs, budget) => {
    const best = bestOf(programs.flatMap((program) => program.runs));
    const lines = programs.map(({ runs }) => {
      const valued = runs.map((run) => ({ ...run, values: valuesOf(run, best) }));
      return { runs: valued, median: medianOf(valued) };
    });
    const all = lines.flatMap(({ runs }) => runs.flatMap((run) => run.values.map(([, value]) => value)));
    const positive = all.filter((value) => value > 0 && Number.isFinite(value));
    svg.replaceChildren();
    if (!positive.length) return best;
    const least = Math.min(...positive);
    let low = Math.log10(least);
    let high = Math.log10(Math.max(...positive));
    if (high - low < 1) [low, high] = [(low + high - 1) / 2, (low + high + 1) / 2];
    const box = svg.getBoundingClientRect();
    const right = box.width - MARGIN.right;
    const bottom = box.height - MARGIN.bottom;
    const across = Math.log10(Math.max(10, budget));
    const x = (n) => MARGIN.left + ((right - MARGIN.left) * Math.log10(n)) / across;
    const y = (value) => bottom - ((bottom - MARGIN.top) * (Math.log10(Math.max(value, least)) - low)) / (high - low);
    svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);

    for (const power of ticks(low, high, 6)) {
      const at = y(10 ** power);
      svg.append(made("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }));
      svg.append(made("text", { class: "y", x: MARGIN.left - 8, y: at }, powerOfTen(power)));
    }
    for (const power of ticks(0, across, 6)) {
      const at = x(10 ** power);
      svg.append(made("line", { class: "grid", x1: at, x2: at, y1: MARGIN.top, y2: bottom }));
      svg.append(made("text", { class: "x", x: at, y: bottom + 18 }, (10 ** power).toLocaleString("en")));
    }
    // A best-so-far value holds until the next checkpoint, and that of a run's end as long as there is budget.
    const path = (values, until) => {
      const drawn = values.filter(([, value]) => Number.isFinite(value));
      if (!drawn.length) return "";
      const steps = drawn.map(([n, value], i) => (i ? `H${x(n)}V${y(value)}` : `M${x(n)},${y(value)}`));
      return `${steps.join("")}H${x(until)}`;
    };
    [...lines.entries()].reverse().forEach(([i, { runs, median }]) => {
      for (const run of runs) {
        const last = run.values.at(-1);
        if (!last) continue;
        svg.append(made("path", { class: `run curve-${i}`, d: path(run.values, run.ended ? budget : last[0]) }));
        if (!run.ended && Number.isFinite(last[1])) svg.append(made("circle", { class: `now curve-${i}`, cx: x(last[0]), cy: y(last[1]), r: 3.5 }));
      }
      svg.append(made("path", { class: `median curve-${i}`, d: path(median, budget) }));
    });
    return best;
  };

  const key = (i) => made("svg", { class: "key", viewBox: "0 0 30 10", "aria-hidden": "true" }, made("line", { class: `curve-${i}`, x1: 0, x2: 30, y1: 5, y2: 5 }));

  window.plot = { draw, key };
})();
