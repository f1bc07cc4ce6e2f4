// Lighthouse's accessibility score of a page that is open in a browser. The browser's port is an argument; each input
// line is the URL of a page, and each output line has its score and the audits that lower it.
import { createInterface } from 'node:readline'
import { snapshot } from 'lighthouse'
import { ExecutionContext } from 'lighthouse/core/gather/driver/execution-context.js'
import puppeteer from 'puppeteer-core'

const flags = {
  onlyCategories: ['accessibility'],
  formFactor: 'desktop',
  screenEmulation: { disabled: true },
  disableFullPageScreenshot: true,
  logLevel: 'error',
}
// The benchmark takes a second of processor time for each page, and its result is not used.
const evaluate = ExecutionContext.prototype.evaluate
ExecutionContext.prototype.evaluate = function (asked, options) {
  return asked.name === 'computeBenchmarkIndex' ? Promise.resolve(0) : evaluate.call(this, asked, options)
}
const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${process.argv[2]}`, defaultViewport: null })
for await (const address of createInterface({ input: process.stdin })) {
  const pages = await browser.pages()
  const { lhr } = await snapshot(pages.find((each) => each.url() === address), { flags })
  const lowered = Object.values(lhr.audits).filter((each) => each.score !== null && each.score < 1)
  console.log(JSON.stringify({ score: lhr.categories.accessibility.score, lowered: lowered.map((each) => each.id) }))
}
await browser.disconnect()
