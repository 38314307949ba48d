// Answers questions of access with @cloud-copilot/iam-simulate: one JSON object
// a line in, one a line out, in the same order. Its argument is the folder that
// holds node_modules.
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const require = createRequire(join(resolve(process.argv[2]), 'package.json'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')

async function answer(q) {
  const named = (policies) => (policies ?? []).map((policy, i) => ({ name: `p${i}`, policy }))
  const out = await runSimulation({
    request: {
      principal: q.principal,
      action: q.action,
      resource: { resource: q.resource, accountId: q.account },
      contextVariables: q.context,
    },
    identityPolicies: named(q.identity),
    sessionPolicy: q.session ?? undefined,
    resourcePolicy: q.policy,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {})
  if (out.resultType === 'error') {
    return { error: JSON.stringify(out.errors) }
  }
  return { result: out.overallResult }
}

let lines = ''
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let out
  try {
    out = await answer(JSON.parse(line))
  } catch (err) {
    out = { error: String(err?.stack ?? err) }
  }
  if (!process.stdout.write(JSON.stringify(out) + '\n')) {
    await new Promise((drained) => process.stdout.once('drain', drained))
  }
}
