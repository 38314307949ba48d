// Whatever a reader opens, types and presses, nothing of others' text runs: the names
// and policies of a report are written by anyone.
import assert from 'node:assert/strict'

export async function check(page) {
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true }))
  await page.evaluate(() => document.querySelectorAll('button').forEach((b) => b.click()))
  await page.locator('#search').fill('<img src=x onerror="window.__pwned=1">')
  await page.locator('#search').fill('')
  await page.evaluate(() => document.querySelectorAll('*').forEach((e) => {
    for (const type of ['mouseover', 'focus', 'pointerdown', 'toggle', 'animationstart']) {
      e.dispatchEvent(new Event(type, { bubbles: true }))
    }
  }))
  assert.equal(await page.evaluate(() => window.__pwned ?? window.pwned), undefined, 'the text of another ran')
  assert.deepEqual(await page.evaluate(foreign), [])
}

// foreign says what no text may become: elements that load or run, handlers, links that
// lead elsewhere than into the page or to a documentation page.
function foreign() {
  const found = []
  for (const e of document.querySelectorAll('img, iframe, object, embed, base, form, link, script[src], foreignObject, animate, set, image')) {
    found.push(e.outerHTML.slice(0, 100))
  }
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) {
      const elsewhere = /^(href|xlink:href|src|action|formaction)$/.test(a.name) && !/^(#|https:\/\/docs\.aws\.amazon\.com\/)/.test(a.value)
      if (a.name.startsWith('on') || elsewhere) {
        found.push(`${e.localName} ${a.name}=${a.value}`.slice(0, 100))
      }
    }
  }
  return found
}
