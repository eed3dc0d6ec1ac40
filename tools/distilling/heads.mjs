// Draws heads in the styles of DiceBear: node heads.mjs FOLDER COUNT, in a folder where the packages are installed.
// The same seed gives the same head.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const here = createRequire(join(process.cwd(), 'package.json'))
const { createAvatar } = await import(pathToFileURL(here.resolve('@dicebear/core')))
const styles = await import(pathToFileURL(here.resolve('@dicebear/collection')))
const { Resvg } = here('@resvg/resvg-js')

const HEADS = [
  'adventurer', 'avataaars', 'bigEars', 'bigSmile', 'bottts', 'croodles', 'dylan', 'funEmoji',
  'lorelei', 'micah', 'miniavs', 'notionists', 'openPeeps', 'personas', 'pixelArt', 'toonHead',
]
const [folder, count] = [process.argv[2], Number(process.argv[3])]
mkdirSync(folder, { recursive: true })
for (let number = 0; number < count; number++) {
  const style = HEADS[number % HEADS.length]
  const drawing = createAvatar(styles[style], { seed: String(number) }).toString()
  const picture = new Resvg(drawing, { fitTo: { mode: 'width', value: 320 } }).render().asPng()
  writeFileSync(join(folder, `${style}-${String(number).padStart(4, '0')}.png`), picture)
}
