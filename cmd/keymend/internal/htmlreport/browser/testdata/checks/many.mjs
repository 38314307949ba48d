// Ten times the groups take about ten times as long to load, to search and to sort: not
// the hundred times of work that grows with the square.
import assert from 'node:assert/strict'

const most = 40 // a generous ten

export async function check(page, { again, than }) {
  const fewer = await again({ page: than })
  const few = await took(fewer.page)
  await fewer.close()
  const many = await took(page)
  assert.ok(many.groups >= 10 * few.groups, `${many.groups} groups aren't ten times ${few.groups}`)
  for (const what of ['load', 'search', 'sort']) {
    assert.ok(many[what] <= most * few[what], `${what}: ${many.groups} groups took ${many[what].toFixed()} ms, ${few.groups} took ${few[what].toFixed()}`)
  }
}

// took measures a page, in milliseconds: the less of two, as other work only adds.
async function took(page) {
  const first = await page.evaluate(measure)
  await page.reload()
  const second = await page.evaluate(measure)
  const less = (what) => Math.min(first[what], second[what])
  return { groups: first.groups, load: less('load'), search: less('search'), sort: less('sort') }
}

// measure does what a reader does, until it is painted.
async function measure() {
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  const rows = [...document.querySelectorAll('tr[data-group]')]
  await painted()
  const load = performance.now()
  const search = document.querySelector('#search')
  const shown = document.querySelector('#shown')
  const changed = new Promise((done) => new MutationObserver(done).observe(shown, { childList: true, characterData: true, subtree: true }))
  search.value = rows.at(-1).dataset.group
  search.dispatchEvent(new Event('input', { bubbles: true }))
  await changed
  await painted()
  if (rows.filter((row) => row.checkVisibility()).length !== 1) {
    throw new Error(`the search says ${shown.textContent}`)
  }
  const searched = performance.now()
  document.querySelector('button[data-sort=group]').click()
  await painted()
  return { groups: rows.length, load, search: searched - load, sort: performance.now() - searched }
}
