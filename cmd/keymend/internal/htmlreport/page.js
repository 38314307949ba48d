'use strict';
(() => {
  const $ = (q, of = document) => of.querySelector(q);
  const all = (q, of = document) => [...of.querySelectorAll(q)];
  const table = $('#groups'), search = $('#search'), shown = $('#shown'), said = $('#said'), open = $('#open'), printed = $('#printed');
  for (const e of all('.js')) e.hidden = false;

  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.matches('.copy')) copy(button);
    if (button.dataset.find !== undefined) {
      search.value = button.dataset.find;
      for (const b of filters) b.setAttribute('aria-pressed', 'false');
      show();
      $('#list').focus();
    }
  });

  // A page that is no secure context, or a browser that asks, may refuse the clipboard:
  // then the text is selected, and the person copies it.
  async function copy(button) {
    const code = $('code', button.parentElement);
    let now = 'Copied';
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      now = 'Selected: copy it with Ctrl+C or ⌘C';
    }
    button.textContent = said.textContent = now;
    setTimeout(() => { button.textContent = 'Copy'; }, 4000);
  }

  const filters = all('[data-filter]');
  if (!table) return;
  const groups = all('tbody', table).map((body, i) => ({body, row: $('tr', body), i, text: ''}));

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = filters.filter((b) => b.getAttribute('aria-pressed') === 'true').map((b) => b.dataset.filter);
    let n = 0;
    for (const g of groups) {
      let fits = !states.length || states.includes(g.row.dataset.state);
      if (fits && words.length) {
        g.text ||= g.body.textContent.toLowerCase();
        fits = words.every((w) => g.text.includes(w));
      }
      g.body.hidden = !fits;
      if (fits) n++;
    }
    shown.textContent = `${n} of ${groups.length} groups shown`;
    printed.hidden = n === groups.length;
    printed.textContent = `${n} of ${groups.length} groups are printed: those that fit what was searched for`;
  }

  search.addEventListener('input', show);
  for (const b of filters) {
    b.addEventListener('click', () => {
      b.setAttribute('aria-pressed', String(b.getAttribute('aria-pressed') !== 'true'));
      show();
    });
  }

  const worst = ['fails', 'would-fail', 'unknown', 'fine'];
  const values = {
    state: (g) => worst.indexOf(g.row.dataset.state),
    group: (g) => g.row.cells[1].textContent,
    account: (g) => g.row.dataset.account,
    region: (g) => g.row.dataset.region,
    key: (g) => g.row.cells[4].textContent,
    healthy: (g) => parseFloat(g.row.cells[5].textContent) || 0,
    failed: (g) => g.row.cells[6].firstElementChild?.dateTime || '',
    acts: (g) => g.row.cells[7].textContent,
  };
  const compare = new Intl.Collator('en', {numeric: true}).compare;
  // A button would do nothing without this script, so that none is there without it.
  for (const head of all('[data-by]', table)) {
    const b = document.createElement('button');
    b.type = 'button';
    b.dataset.sort = head.dataset.by;
    b.textContent = head.textContent;
    head.replaceChildren(b);
    b.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const h of all('[aria-sort]', table)) h.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      for (const g of groups) g.by = values[b.dataset.sort](g);
      const order = (x, y) => typeof x.by === 'number' ? x.by - y.by : compare(x.by, y.by);
      groups.sort((x, y) => (down ? order(y, x) : order(x, y)) || x.i - y.i);
      table.append(...groups.map((g) => g.body));
      said.textContent = `Sorted by ${b.textContent}, ${down ? 'descending' : 'ascending'}`;
    });
  }

  const details = all('details', table);
  function openAll(yes) {
    for (const d of details) d.open = yes;
    open.setAttribute('aria-pressed', String(yes));
  }
  open.addEventListener('click', () => openAll(open.getAttribute('aria-pressed') !== 'true'));

  let before = [];
  addEventListener('beforeprint', () => {
    before = details.filter((d) => !d.open && !d.closest('tbody').hidden);
    for (const d of before) d.open = true;
  });
  addEventListener('afterprint', () => { for (const d of before) d.open = false; });
})();
