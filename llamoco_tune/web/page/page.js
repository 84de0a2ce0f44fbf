// Asks the server about the problem in the page, shows what it answers, and follows a trial. Texts never become HTML.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const MOST_SHOWN = 8;
  const LEAST_SHOWN = 0.01;
  let asked = null;
  let shown = null;

  const made = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const fail = (id, line) => {
    $(id).textContent = line;
    $(id).hidden = !line;
  };

  // --- the problem

  const problem = $("problem");
  const compare = () => ($("stale").hidden = !asked || problem.value === asked.problem);
  const state = (text, name) => {
    problem.value = text;
    compare();
    problem.scrollTop = 0;
    for (const chip of document.querySelectorAll(".example")) {
      chip.setAttribute("aria-pressed", String(chip.dataset.name === name));
    }
    fail("ask-error", "");
  };
  for (const chip of document.querySelectorAll(".example")) {
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => state(chip.dataset.text, chip.dataset.name));
  }
  problem.addEventListener("input", () => {
    for (const chip of document.querySelectorAll(".example")) chip.setAttribute("aria-pressed", "false");
    compare();
  });

  const open = async (file) => {
    if (!file) return;
    if (file.size > 200000) return fail("ask-error", `${file.name} has ${file.size} bytes, and a problem fits in a prompt; is it the right file?`);
    state(await file.text(), file.name);
  };
  $("file").addEventListener("change", async () => {
    await open($("file").files[0]);
    $("file").value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    problem.addEventListener(kind, (event) => {
      if (kind === "dragover" && !event.dataTransfer.types.includes("Files")) return;
      problem.classList.toggle("over", kind === "dragover");
      if (kind === "dragleave") return;
      if (kind === "drop" && !event.dataTransfer.files.length) return;
      event.preventDefault();
      if (kind === "drop") open(event.dataTransfer.files[0]);
    });
  }

  // --- the answer

  // The key that the command printed, behind #, where others than its user can reach the page. It leaves the address bar.
  if (location.hash.length > 1) {
    sessionStorage.setItem("key", location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  const key = sessionStorage.getItem("key") ?? "";
  const post = (path, body, signal) =>
    fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-LLaMoCo-Key": key }, body: JSON.stringify(body), signal });
  const complaint = async (response) => {
    const told = (await response.text()).trim();
    try {
      return JSON.parse(told).error;
    } catch {
      return told || `the server answered ${response.status}`;
    }
  };
  const UNREACHED = "the server does not answer; is llamoco-tune web still running?";

  const ask = async () => {
    if ($("ask").disabled) return;
    fail("ask-error", "");
    $("ask").disabled = true;
    $("asking").textContent = "reading the problem …";
    const text = problem.value;
    try {
      const response = await post("/ask", { problem: text, programs: Number($("programs").value) });
      if (!response.ok) return fail("ask-error", await complaint(response));
      asked = { problem: text, ...(await response.json()) };
      show();
    } catch {
      fail("ask-error", UNREACHED);
    } finally {
      $("ask").disabled = false;
      $("asking").textContent = "";
    }
  };
  $("ask").addEventListener("click", ask);
  problem.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
  });

  const percent = (share) => `${Math.round(100 * share)} %`;
  // Another program ends the trial of the one before.
  const choose = (each) => {
    shown = each;
    window.trial.offer(asked.form === "python");
    $("program-title").textContent = each.optimizer ? `The program: ${each.optimizer}` : "The program";
    $("program").replaceChildren(...each.pieces.map(([kind, text]) => (kind ? made("span", { className: kind }, text) : text)));
    for (const row of $("choice").rows) {
      row.classList.toggle("chosen", row.dataset.optimizer === each.optimizer);
      row.querySelector("button")?.setAttribute("aria-pressed", String(row.dataset.optimizer === each.optimizer));
    }
  };
  const row = (each, most) => {
    const name = made("th", { scope: "row" });
    if (each.program) {
      const button = made("button", { type: "button" }, each.optimizer);
      button.addEventListener("click", () => choose(each));
      name.append(button);
    } else {
      name.append(each.optimizer);
    }
    const bar = made("div");
    bar.style.width = `${(100 * each.probability) / most}%`;
    const line = made("tr", {}, name, made("td", { className: "share" }, percent(each.probability)), made("td", { className: "bar" }, bar));
    line.dataset.optimizer = each.optimizer;
    return line;
  };
  const show = () => {
    const { considered, share } = asked;
    const variables = asked.dimension === null ? "number of variables unknown" : `${asked.dimension} variable${asked.dimension === 1 ? "" : "s"}`;
    const kind = asked.is_constrained ? "with constraints" : "bounds alone";
    const form = asked.form === "latex" ? "LaTeX" : "Python";
    $("facts").textContent = `${variables}, ${kind}, ${asked.max_evaluations.toLocaleString("en")} evaluations, in ${form}`;
    const told = considered.filter((each) => each.probability !== null);
    const most = Math.max(...told.map((each) => each.probability));
    const seen = told.filter((each, at) => each.program || (at < MOST_SHOWN && each.probability >= LEAST_SHOWN));
    $("choice").hidden = !seen.length;
    $("choice").tBodies[0].replaceChildren(...seen.map((each) => row(each, most)));
    $("worth").textContent = share === null
      ? (told.length ? "How often such choices are close to the best was not measured for this model." : "This model tells no probabilities.")
      : `Of ${asked.num_choices} choices as likely in validation, ${percent(share)} scored within 0.02 of the best.`;
    $("warnings").replaceChildren(...asked.warnings.map((line) => made("li", {}, `Beware: ${line}`)));
    $("warnings").hidden = !asked.warnings.length;
    choose(considered[0]);
    $("answer").hidden = false;
    compare();
    if (window.matchMedia("(max-width: 64rem)").matches) $("answer").scrollIntoView();
    $("answer-title").focus({ preventScroll: true });
  };

  const copied = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Browsers give no clipboard to a page that is neither local nor encrypted.
    const range = document.createRange();
    range.selectNodeContents($("program"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) throw new Error("refused");
  };
  $("copy").addEventListener("click", async () => {
    try {
      await copied(shown.program);
      $("copy").textContent = "Copied";
    } catch {
      $("copy").textContent = "Not allowed";
    }
    setTimeout(() => ($("copy").textContent = "Copy"), 2000);
  });
  $("save").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([shown.program], { type: "text/x-python" }));
    made("a", { href: address, download: "program.py" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });

  window.page = { $, made, fail, post, complaint, UNREACHED, given: () => ({ problem: asked.problem, program: shown.program }) };
})();
