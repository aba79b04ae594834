/** Sets of offsets within a segment: few as a list of 16-bit numbers, many as one bit for each offset. */

/** Entries a segment: how many are indexed at once, and how many a search reads at most besides the index. */
export const segmentSize = 2048

const bitmapBytes = segmentSize / 8
const longestList = bitmapBytes / 2 - 1

const allOffsets = Array.from({ length: segmentSize }, (_, index) => segmentSize - 1 - index)

/** Packs offsets given in ascending order. */
export function packPositions(offsets: readonly number[]): Uint8Array {
  if (offsets.length > longestList) return toBitmap(offsets)
  const list = new Uint8Array(offsets.length * 2)
  const view = new DataView(list.buffer)
  for (const [index, offset] of offsets.entries()) view.setUint16(index * 2, offset, true)
  return list
}

/** The offsets that all sets hold, in descending order; without sets, every offset. */
export function intersect(sets: readonly Uint8Array[]): readonly number[] {
  const common = intersection(sets.map(set => (set.length === bitmapBytes ? set : toBitmap(unpackList(set)))))
  return common ? allOffsets.filter(offset => hasBit(common, offset)) : []
}

function unpackList(list: Uint8Array): number[] {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength)
  const offsets: number[] = []
  for (let at = list.length - 2; at >= 0; at -= 2) offsets.push(view.getUint16(at, true))
  return offsets
}

function hasBit(bits: Uint8Array, offset: number): boolean {
  return (((bits[offset >> 3] ?? 0) >> (offset & 7)) & 1) === 1
}

/** The bits that all bitmaps have, or null when there are none. A loop over bytes: there may be thousands of segments. */
function intersection(bitmaps: readonly Uint8Array[]): Uint8Array | null {
  const common = new Uint8Array(bitmapBytes)
  let some = 0
  for (let at = 0; at < bitmapBytes; at++) {
    let byte = 255
    for (const bitmap of bitmaps) byte &= bitmap[at] ?? 0
    common[at] = byte
    some |= byte
  }
  return some === 0 ? null : common
}

function toBitmap(offsets: readonly number[]): Uint8Array {
  const bits = new Uint8Array(bitmapBytes)
  for (const offset of offsets) bits[offset >> 3] = (bits[offset >> 3] ?? 0) | (1 << (offset & 7))
  return bits
}
