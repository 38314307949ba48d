// All that a mouse does, the keyboard does, and one sees where it is.
import assert from 'node:assert/strict'

export async function check(page) {
  const way = await walk(page)
  assert.deepEqual(way.filter((s) => !s.seen).map((s) => s.what), [], 'no sign of focus')
  assert.match(way[0].what, /^a\[href="#/, 'the first stop skips to the groups')
  const stops = way.map((s) => s.what)
  const all = await page.evaluate(controls)
  assert.deepEqual(all.filter((what) => !stops.includes(what)), [], 'Tab does not reach them')

  await page.locator('#search').focus()
  await page.keyboard.type('no such group')
  await page.locator('#shown', { hasText: /^0 of / }).waitFor({ timeout: 5000 })
  await page.locator('#search').fill('')
  for (const key of ['Enter', 'Space']) {
    const button = page.locator('#groups th > button[data-sort]').last()
    await button.focus()
    const before = await button.evaluate((b) => b.closest('th').ariaSort)
    await page.keyboard.press(key)
    assert.notEqual(await button.evaluate((b) => b.closest('th').ariaSort), before, `${key} doesn't sort`)
    assert.ok(await button.evaluate((b) => b === document.activeElement), 'sorting loses the focus')

    const details = page.locator('summary:visible').first()
    const open = () => details.evaluate((s) => s.parentElement.open)
    const was = await open()
    await details.focus()
    await page.keyboard.press(key)
    assert.equal(await open(), !was, `${key} doesn't open or close the details`)
  }

  await page.locator('a[href^="#"]').first().focus()
  await page.keyboard.press('Enter')
  const target = await page.evaluate(() => document.querySelector(':target')?.localName)
  assert.ok(target, 'the skip link leads nowhere')
}

// walk presses Tab until the page is left, and says what got the focus.
async function walk(page) {
  const way = []
  for (let i = 0; i < 500; i++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(focus)
    if (stop === null || way.some((s) => s.at === stop.at)) {
      return way
    }
    way.push(stop)
  }
  assert.fail('Tab never leaves the page')
}

// focus says what has the focus, and whether one sees it.
function focus() {
  const e = document.activeElement
  if (!e || e === document.body) {
    return null
  }
  const style = getComputedStyle(e)
  const box = e.getBoundingClientRect()
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && !/, 0\)$|transparent/.test(style.outlineColor)
  const inside = box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight
  const href = e.getAttribute('href')
  const what = `${e.localName}${href ? `[href="${href}"]` : ''} ${(e.id || e.dataset.sort || e.dataset.filter || e.textContent).trim().slice(0, 60)}`
  return { at: [...document.querySelectorAll('*')].indexOf(e), what, seen: outlined && inside }
}

// controls are all that a mouse can use, by the names of focus.
function controls() {
  return [...document.querySelectorAll('a[href], button, input, select, summary')].filter((e) => e.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true })).map((e) => {
    const href = e.getAttribute('href')
    return `${e.localName}${href ? `[href="${href}"]` : ''} ${(e.id || e.dataset.sort || e.dataset.filter || e.textContent).trim().slice(0, 60)}`
  })
}
