// Takes a picture of the page, from one element to the end of another.
import { layOut } from '../open.mjs'

export async function check(page, { from, until, to }) {
  const end = page.locator(until)
  await end.locator('details').evaluateAll((all) => all.forEach((d) => { d.open = true }))
  await layOut(page)
  const { width } = page.viewportSize()
  await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) })
  const above = await page.locator(from).boundingBox()
  const { y, height } = await end.boundingBox()
  const top = Math.max(0, above.y - 12)
  await page.screenshot({ path: to, clip: { x: 0, y: top, width, height: y + height - top } })
}
