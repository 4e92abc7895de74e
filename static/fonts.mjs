// Cuts the text face down to what a page needs.
//
// The face is Source Sans 3. Its licence reserves the name for the unmodified
// font, so the cut copies are called "Assay Sans".
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import subset from 'subset-font'

const require = createRequire(import.meta.url)
const pkg = '@expo-google-fonts/source-sans-3'
const sources = {
  400: `${pkg}/400Regular/SourceSans3_400Regular.ttf`,
  600: `${pkg}/600SemiBold/SourceSans3_600SemiBold.ttf`,
}
const styles = { 400: 'Regular', 600: 'SemiBold' }

const span = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

// Latin is on every first page; the rest loads only where a character asks for
// it. css/base.css repeats these ranges in its unicode-range lines.
const ranges = {
  latin: [
    ...span(0x20, 0x7e), ...span(0xa0, 0xff), 0x131, 0x152, 0x153, 0x2c6, 0x2da, 0x2dc,
    ...span(0x2010, 0x2015), ...span(0x2018, 0x201e), 0x2020, 0x2021, 0x2022, 0x2026, 0x2030,
    0x2032, 0x2033, 0x2039, 0x203a, 0x2044, 0x20ac, 0x2122, ...span(0x2190, 0x2193),
    0x2206, 0x2212, 0x2215, 0x221e, 0x2248, 0x2260, 0x2264, 0x2265, 0x25b2, 0x25bc,
  ],
  'latin-ext': [
    ...span(0x100, 0x130), ...span(0x132, 0x151), ...span(0x154, 0x24f),
    0x259, ...span(0x2bb, 0x2bf), 0x2c7, 0x2d8, 0x2d9, 0x2db, 0x2dd,
    ...span(0x1e00, 0x1eff), ...span(0x20a0, 0x20ab), ...span(0x20ad, 0x20c0),
  ],
}

const features = ['kern', 'tnum', 'mark', 'ccmp', 'locl']

export const license = () => readFile(require.resolve(`${pkg}/LICENSE_FONT`))

// woff2 returns the servable file for names such as "text-400-latin".
export async function woff2(name) {
  const [, weight, range] = /^text-(\d+)-(.+)$/.exec(name)
  const chars = String.fromCodePoint(...ranges[range])
  const cut = await subset(await source(weight), chars, { targetFormat: 'truetype', keepFeatures: features, noHinting: true })
  // A second pass that keeps every glyph only packs the renamed font.
  return subset(rename(cut, weight), undefined, { targetFormat: 'woff2', keepAllGlyphs: true, keepFeatures: features, noHinting: true, preserveNameIds: nameIds })
}

// ttf returns every glyph of a weight, uncompressed, for measuring and printing.
export async function ttf(weight) {
  const cut = await subset(await source(weight), undefined, { targetFormat: 'truetype', keepAllGlyphs: true, keepFeatures: features, noHinting: true })
  return rename(cut, weight)
}

const source = async (weight) => readFile(require.resolve(sources[weight]))

const nameIds = [0, 1, 2, 4, 6, 13, 14]

// rename replaces the name table and leaves every other table as it is.
function rename(font, weight) {
  const tables = []
  for (let i = 0; i < font.readUInt16BE(4); i++) {
    const at = 12 + 16 * i
    const tag = font.toString('latin1', at, at + 4)
    const start = font.readUInt32BE(at + 8)
    tables.push({ tag, body: font.subarray(start, start + font.readUInt32BE(at + 12)) })
  }
  tables.find((t) => t.tag === 'name').body = nameTable(weight)
  return sfnt(font.readUInt32BE(0), tables)
}

function nameTable(weight) {
  const texts = [
    "Copyright 2010-2020 Adobe (http://www.adobe.com/), with Reserved Font Name 'Source'.",
    weight === '400' ? 'Assay Sans' : `Assay Sans ${styles[weight]}`,
    'Regular',
    `Assay Sans ${styles[weight]}`,
    `AssaySans-${styles[weight]}`,
    'This Font Software is licensed under the SIL Open Font License, Version 1.1.',
    'http://scripts.sil.org/OFL',
  ]
  const bodies = texts.map((t) => Buffer.from(t, 'utf16le').swap16())
  const head = Buffer.alloc(6 + 12 * bodies.length)
  head.writeUInt16BE(bodies.length, 2)
  head.writeUInt16BE(head.length, 4)
  let offset = 0
  bodies.forEach((body, i) => {
    const record = [3, 1, 0x409, nameIds[i], body.length, offset]
    record.forEach((v, j) => head.writeUInt16BE(v, 6 + 12 * i + 2 * j))
    offset += body.length
  })
  return Buffer.concat([head, ...bodies])
}

function sfnt(version, tables) {
  const pad = (n) => (n + 3) & ~3
  const log = Math.floor(Math.log2(tables.length))
  const out = Buffer.alloc(tables.reduce((n, t) => n + pad(t.body.length), 12 + 16 * tables.length))
  out.writeUInt32BE(version, 0)
  out.writeUInt16BE(tables.length, 4)
  out.writeUInt16BE(16 << log, 6)
  out.writeUInt16BE(log, 8)
  out.writeUInt16BE(16 * tables.length - (16 << log), 10)
  let at = 12 + 16 * tables.length
  let head
  tables.forEach(({ tag, body }, i) => {
    body.copy(out, at)
    if (tag === 'head') {
      head = at
      out.writeUInt32BE(0, at + 8)
    }
    const record = 12 + 16 * i
    out.write(tag, record, 'latin1')
    out.writeUInt32BE(sum(out.subarray(at, at + pad(body.length))), record + 4)
    out.writeUInt32BE(at, record + 8)
    out.writeUInt32BE(body.length, record + 12)
    at += pad(body.length)
  })
  out.writeUInt32BE((0xb1b0afba - sum(out)) >>> 0, head + 8)
  return out
}

function sum(bytes) {
  let total = 0
  for (let i = 0; i < bytes.length; i += 4) total = (total + bytes.readUInt32BE(i)) >>> 0
  return total
}
