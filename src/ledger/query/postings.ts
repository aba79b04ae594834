/**
 * Sets of places within a segment, numbers from 0 on, as the index stores them: few as a list of 16-bit numbers, many as
 * one bit for each place.
 */

/** Entries a segment: what is indexed at once, and what a search scans at most besides the index. */
export const segmentSize = 2048

const bitmapBytes = segmentSize / 8
const longestList = bitmapBytes / 2 - 1

/** Every place, in descending order. */
export const allPositions: readonly number[] = Array.from(
  { length: segmentSize },
  (_, index) => segmentSize - 1 - index
)

/** Packs places given in ascending order. */
export function packPositions(places: readonly number[]): Uint8Array {
  if (places.length > longestList) return toBitmap(places)
  const list = new Uint8Array(places.length * 2)
  const view = new DataView(list.buffer)
  for (const [index, place] of places.entries()) view.setUint16(index * 2, place, true)
  return list
}

/** The places that all of one set or more hold, in descending order. */
export function intersect(sets: readonly Uint8Array[]): number[] {
  const list = sets.find(set => set.length !== bitmapBytes)
  if (list) return unpackList(list).filter(place => sets.every(set => set === list || has(set, place)))
  const common = intersection(sets)
  return common ? allPositions.filter(place => hasBit(common, place)) : []
}

function has(set: Uint8Array, place: number): boolean {
  return set.length === bitmapBytes ? hasBit(set, place) : unpackList(set).includes(place)
}

function unpackList(list: Uint8Array): number[] {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength)
  const places: number[] = []
  for (let at = list.length - 2; at >= 0; at -= 2) places.push(view.getUint16(at, true))
  return places
}

function hasBit(bits: Uint8Array, place: number): boolean {
  return (((bits[place >> 3] ?? 0) >> (place & 7)) & 1) === 1
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

function toBitmap(places: readonly number[]): Uint8Array {
  const bits = new Uint8Array(bitmapBytes)
  for (const place of places) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7))
  return bits
}
