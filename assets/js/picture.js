// A drawn picture as a PNG file that says what it is: the canvas's own file with the notes of its kit put in.
// The layout is that of the PNG specification (W3C, third edition): sections 5.3 (chunks) and 11.3.3.4 (iTXt).

const text = new TextEncoder();
let table = null;

function crc(bytes) {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunk(keyword, words) {
  const body = new Uint8Array([...text.encode("iTXt"), ...text.encode(keyword), 0, 0, 0, 0, 0, ...text.encode(words)]);
  const bytes = new Uint8Array(body.length + 8), view = new DataView(bytes.buffer);
  view.setUint32(0, body.length - 4);
  bytes.set(body, 4);
  view.setUint32(body.length + 4, crc(body));
  return bytes;
}

const HEAD = 33; // signature and IHDR, after which notes may stand

// A blob of what the canvas shows, drawn from `point`; `notes` have "[[12345.0]]" where the point belongs.
export async function toFile(canvas, notes, point) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const plain = new Uint8Array(await blob.arrayBuffer());
  const chunks = Object.entries(notes).map(([keyword, words]) => chunk(keyword, words.replace("[[12345.0]]", JSON.stringify([point]))));
  return new Blob([plain.slice(0, HEAD), ...chunks, plain.slice(HEAD)], { type: "image/png" });
}
