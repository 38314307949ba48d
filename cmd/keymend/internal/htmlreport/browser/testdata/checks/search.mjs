// What is typed and pressed narrows the groups, and the page says how many are left.
import assert from 'node:assert/strict'

export async function check(page) {
  const groups = await page.locator('tr[data-group]').evaluateAll((rows) => rows.map((row) => ({
    name: row.dataset.group,
    state: row.dataset.state,
    text: row.closest('tbody').textContent.toLowerCase(),
  })))
  assert.ok(groups.length > 1, 'the page has no groups to search')
  assert.equal(await page.locator('#shown').getAttribute('aria-live'), 'polite')
  const left = async (fits, when) => {
    const names = groups.filter(fits).map((g) => g.name)
    const said = `${names.length} of ${groups.length} groups shown`
    await page.waitForFunction((text) => document.querySelector('#shown').textContent === text, said, { timeout: 5000 }).catch(() => {})
    assert.equal(await page.locator('#shown').textContent(), said, when)
    const seen = await page.locator('tr[data-group]').evaluateAll((rows) => rows.filter((row) => row.checkVisibility()).map((row) => row.dataset.group))
    assert.deepEqual(seen, names, when)
  }
  await left(() => true, 'before anything is typed')

  const search = page.locator('#search')
  const last = groups.at(-1).name
  const named = (g) => last.toLowerCase().split(/\s+/).every((word) => g.text.includes(word))
  for (const typed of [last, last.toUpperCase(), `  ${last} `]) {
    await search.fill(typed)
    await left(named, `typed ${typed}`)
  }
  await search.fill('no such group \\ [')
  await left(() => false, 'typed what no group has')
  await search.fill('')
  await left(() => true, 'with nothing typed again')

  const filters = await page.locator('button[data-filter]').all()
  assert.ok(filters.length > 0, 'no filters')
  for (const filter of filters) {
    const state = await filter.getAttribute('data-filter')
    await filter.click()
    assert.equal(await filter.getAttribute('aria-pressed'), 'true')
    await left((g) => g.state === state, `only ${state}`)
    await search.fill(last)
    await left((g) => g.state === state && named(g), `only ${state}, typed ${last}`)
    await search.fill('')
    await filter.click()
  }
  await left(() => true, 'with no filter again')
}
