// Takes a picture of the page, from its head to the end of a group's details.
export async function check(page, { first, to }) {
  const group = page.locator(`tr[data-group="${first}"]`)
  const details = page.locator('tbody', { has: group }).locator('details')
  await details.evaluate((d) => { d.open = true })
  const { y, height } = await details.boundingBox()
  const { width } = page.viewportSize()
  await page.setViewportSize({ width, height: Math.ceil(y + height) })
  await page.screenshot({ path: to })
}
