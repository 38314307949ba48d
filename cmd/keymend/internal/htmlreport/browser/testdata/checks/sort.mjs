// Each column sorts both ways, and says so. The page comes with the worst first.
import assert from 'node:assert/strict'

export async function check(page) {
  const buttons = await page.locator('#groups th > button[data-sort]').all()
  assert.ok(buttons.length > 0, 'no column sorts')
  const first = await page.evaluate(order)
  assert.deepEqual(first.sorted, ['state ascending'])
  assert.deepEqual(first.keys.state, first.keys.state.toSorted((a, b) => a - b), 'the worst is not first')

  for (const button of buttons) {
    const key = await button.getAttribute('data-sort')
    const seen = {}
    for (const press of ['first', 'second']) {
      await button.click()
      const now = await page.evaluate(order)
      const [way] = ['ascending', 'descending'].filter((w) => now.sorted.join() === `${key} ${w}`)
      assert.ok(way, `${key}, ${press} press: aria-sort says ${JSON.stringify(now.sorted)}`)
      const sign = way === 'ascending' ? 1 : -1
      assert.deepEqual(now.keys[key], now.keys[key].toSorted((a, b) => sign * compare(a, b)), `${key} ${way}`)
      assert.deepEqual(now.groups.toSorted(), first.groups.toSorted(), `${key}: rows are lost`)
      assert.ok(now.together, `${key}: a group's details stand elsewhere`)
      seen[way] = press
    }
    const other = key === 'state' ? { descending: 'first', ascending: 'second' } : { ascending: 'first', descending: 'second' }
    assert.deepEqual(seen, other)
  }
}

const { compare: compareText } = new Intl.Collator('en', { numeric: true })
const compare = (a, b) => (typeof a === 'number' ? a - b : compareText(a, b))

// order is the order of the rows, with what each column sorts by, and what the columns
// say of it.
function order() {
  const worst = ['fails', 'would-fail', 'unknown', 'fine']
  const heads = [...document.querySelectorAll('#groups thead th')]
  const rows = [...document.querySelectorAll('tr[data-group]')]
  const value = (key, cell, row) => ({
    state: () => worst.indexOf(row.dataset.state),
    healthy: () => parseFloat(cell.textContent) || 0,
    failed: () => cell.querySelector('time')?.dateTime ?? '',
  })[key]?.() ?? cell.textContent.trim()
  return {
    sorted: heads.filter((h) => !['none', null].includes(h.getAttribute('aria-sort'))).map((h) => `${h.querySelector('button').dataset.sort} ${h.getAttribute('aria-sort')}`),
    keys: Object.fromEntries(heads.map((h) => [h.querySelector('button').dataset.sort, rows.map((row) => value(h.querySelector('button').dataset.sort, row.cells[h.cellIndex], row))])),
    groups: rows.map((row) => `${row.dataset.account} ${row.dataset.region} ${row.dataset.group}`),
    together: rows.every((row) => !row.nextElementSibling || row.nextElementSibling.matches('.more')),
  }
}
