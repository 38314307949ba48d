// Asks @cloud-copilot/iam-simulate the questions of a file, round after round
// for a second, and prints nanoseconds a round and the answers. Arguments: the
// folder that holds node_modules, the file.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const [home, file] = process.argv.slice(2)
const require = createRequire(join(resolve(home), 'package.json'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const questions = JSON.parse(readFileSync(file, 'utf8'))

async function ask(q) {
  const out = await runSimulation({
    request: { principal: q.principal, action: q.action, resource: { resource: q.resource, accountId: q.account }, contextVariables: q.context },
    identityPolicies: [], resourcePolicy: q.policy, serviceControlPolicies: [], resourceControlPolicies: [],
  }, {})
  return out.resultType === 'error' ? JSON.stringify(out.errors) : out.overallResult
}

async function round() {
  const answers = []
  for (const q of questions) answers.push(await ask(q))
  return answers
}

for (let i = 0; i < 200 / questions.length; i++) await round() // let the compiler warm up
const start = process.hrtime.bigint()
let answers, elapsed, rounds = 0
do {
  answers = await round()
  rounds++
  elapsed = Number(process.hrtime.bigint() - start)
} while (elapsed < 1e9)
console.log(JSON.stringify({ nanoseconds: elapsed / rounds, answers }))
