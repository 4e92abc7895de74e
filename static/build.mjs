// Builds dist/: hashed, compressed files for the browser with a manifest, and
// the script and fonts that the server itself uses. Run by `task gen`.
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import * as fonts from './fonts.mjs'

const root = dirname(fileURLToPath(import.meta.url))
// Swapped in at the end, so that a Go build beside this one never sees half.
const fresh = join(root, 'node_modules/.dist')
const dist = join(root, 'dist')

const types = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
}

const shared = {
  absWorkingDir: root,
  bundle: true,
  charset: 'utf8',
  legalComments: 'none',
  minify: true,
  target: 'es2022',
  write: false,
}

// css/base.css asks for font:NAME; the bytes are made here, not kept in git.
const fontPlugin = {
  name: 'font',
  setup(b) {
    b.onResolve({ filter: /^font:/ }, ({ path }) => ({ path: path.slice(5) + '.woff2', namespace: 'font' }))
    b.onLoad({ filter: /./, namespace: 'font' }, async ({ path }) => ({
      contents: await fonts.woff2(path.replace('.woff2', '')),
      loader: 'file',
    }))
  },
}

async function browserFiles() {
  const entries = ['css/app.css', 'css/dashboard.css', 'css/document.css', 'css/schedule.css', 'css/share.css', 'js/app.js', 'js/chart.js', 'js/sql.js']
  const result = await build({
    ...shared,
    entryPoints: entries,
    outbase: '.',
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    metafile: true,
    entryNames: '[dir]/[name].[hash]',
    chunkNames: 'js/part.[hash]',
    assetNames: 'font/[name].[hash]',
    plugins: [fontPlugin],
  })
  const names = new Map()
  for (const [out, { entryPoint, inputs }] of Object.entries(result.metafile.outputs)) {
    const file = relative(dist, join(root, out))
    const [input] = Object.keys(inputs)
    if (entryPoint) names.set(file, entryPoint)
    else if (input?.startsWith('font:')) names.set(file, 'font/' + input.slice(5))
    else names.set(file, file)
  }
  used(result.metafile)
  return result.outputFiles.map((f) => {
    const file = relative(dist, f.path)
    return { name: names.get(file), file, body: Buffer.from(f.contents) }
  })
}

async function plainFile(name, body) {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 8)
  return { name, file: name.replace(/\.(\w+)$/, `.${hash}.$1`), body }
}

async function serverScript() {
  const result = await build({ ...shared, entryPoints: ['js/server.js'], outdir: 'dist', format: 'iife', target: 'es2020', metafile: true })
  used(result.metafile)
  return Buffer.from(result.outputFiles[0].contents)
}

const packages = new Set()

function used(metafile) {
  for (const input of Object.keys(metafile.inputs)) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input) ?? []
    if (name) packages.add(name)
  }
}

// Minified code carries no notices, so their full text travels beside it.
async function licenses() {
  const parts = []
  for (const name of [...packages].sort()) {
    const folder = join(root, 'node_modules', name)
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const texts = (await readdir(folder)).filter((f) => /^(licen[cs]e|notice)(\.|$)/i.test(f)).sort()
    if (texts.length === 0) throw new Error(`${name} ships no licence text`)
    for (const f of texts) parts.push(`${name} ${version}: ${f}\n\n${(await readFile(join(folder, f), 'utf8')).trim()}\n`)
  }
  return Buffer.from(parts.join(`\n${'-'.repeat(72)}\n\n`))
}

const write = async (path, body) => {
  await mkdir(dirname(join(fresh, path)), { recursive: true })
  await writeFile(join(fresh, path), body)
}

const brotli = (body) =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })

await rm(fresh, { recursive: true, force: true })
const files = await browserFiles()
const script = await serverScript()
files.push(await plainFile('licenses.txt', await licenses()))
files.push(await plainFile('img/icon.svg', await readFile(join(root, 'img/icon.svg'))))
files.push(await plainFile('img/icons.svg', await readFile(join(root, 'img/icons.svg'))))
files.push(await plainFile('font/LICENSE.txt', await fonts.license()))

const manifest = {}
for (const { name, file, body } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
  const packed = !file.endsWith('.woff2')
  await write(file, body)
  if (packed) {
    await write(file + '.br', brotli(body))
    await write(file + '.gz', gzipSync(body, { level: 9 }))
  }
  manifest[name] = {
    path: file,
    type: types[file.split('.').pop()],
    integrity: 'sha384-' + createHash('sha384').update(body).digest('base64'),
    packed,
  }
}
await write('manifest.json', JSON.stringify(manifest, null, 1) + '\n')
await write('server/echarts.js', script)
for (const weight of ['400', '600']) await write(`server/text-${weight}.ttf`, await fonts.ttf(weight))
await rm(dist, { recursive: true, force: true })
await rename(fresh, dist)

if (process.argv.includes('--sizes')) {
  for (const { name, file, body } of files) {
    const br = file.endsWith('.woff2') ? body.length : brotli(body).length
    console.log(name.padEnd(28), String(body.length).padStart(8), String(gzipSync(body, { level: 9 }).length).padStart(8), String(br).padStart(8))
  }
}
