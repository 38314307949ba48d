// On paper there is everything, and nothing that only a screen can do.
import assert from 'node:assert/strict'
import { outside } from './fits.mjs'

export const paper = 718 // of an A4 page without its margins, in CSS pixels

export async function check(page) {
  const before = await page.evaluate(() => document.querySelectorAll('details[open]').length)
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  await page.setViewportSize({ width: paper, height: 1000 })
  assert.deepEqual(await page.evaluate(onPaper), [])
  assert.deepEqual(await page.evaluate(outside), [])

  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1')
  assert.match(pdf, /^%PDF-/)
  assert.ok(pdf.split(/\/Type \/Page\b(?!s)/).length > 1, 'no pages')
  await page.emulateMedia({ media: 'screen' })
  assert.equal(await page.evaluate(() => document.querySelectorAll('details[open]').length), before, 'printing leaves details open')
}

// onPaper says what a printed page misses, or has too much.
function onPaper() {
  const found = []
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height > 0
  for (const e of document.querySelectorAll('input, button:not([data-sort]), a[href^="#"]')) {
    if (seen(e)) {
      found.push(`${e.localName} ${e.id} is of no use on paper`)
    }
  }
  for (const e of document.querySelectorAll('details > :not(summary)')) {
    if (!seen(e)) {
      found.push(`details are closed: ${e.textContent.trim().slice(0, 60)}`)
    }
  }
  for (const e of document.querySelectorAll('tr[data-group], h1')) {
    if (!seen(e)) {
      found.push(`not seen: ${e.textContent.trim().slice(0, 60)}`)
    }
  }
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number)
  if (getComputedStyle(document.body).backgroundColor !== 'rgba(0, 0, 0, 0)' && Math.min(r, g, b) < 240) {
    found.push('the paper is dark')
  }
  return found.slice(0, 20)
}
