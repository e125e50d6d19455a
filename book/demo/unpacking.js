/** Files that are packed by gzip, since a plain web server sends them as they lie there. */

/** The bytes of such a file of this folder. Throws an Error where it cannot be had. */
export async function unpacked(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b; // else a server has told the browser to unpack it
  if (!packed) return bytes;
  const unpacking = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacking).arrayBuffer());
}
