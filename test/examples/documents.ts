/**
 * Documents and pictures for the recipes, built byte by byte.
 */
import { crc32, deflateSync } from 'zlib';

/** A PDF with one page of 300 x 100 points for each text, in Helvetica, which is not embedded. Texts are Latin-1. */
export function pdf(...texts: string[]): Buffer {
  const kids = texts.map((_, index) => `${4 + 2 * index} 0 R`).join(' ');
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Kids[${kids}]/Count ${texts.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
    ...texts.flatMap((text, index) => {
      const content = `BT /F 24 Tf 20 40 Td (${text.replace(/[\\()]/g, '\\$&')}) Tj ET`;
      return [
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Resources<</Font<</F 3 0 R>>>>/Contents ${5 + 2 * index} 0 R>>`,
        `<</Length ${content.length}>>stream\n${content}\nendstream`,
      ];
    }),
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj${object}endobj\n`;
    return offset;
  });
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  file += `xref\n0 ${size}\n0000000000 65535 f \n${entries}trailer<</Size ${size}/Root 1 0 R>>startxref\n${file.length}\n%%EOF`;
  return Buffer.from(file, 'latin1');
}

/** A PNG with a black square on white, stored with little compression. */
export function png(size: number): Buffer {
  const rows = Buffer.alloc(size * (size + 1), 255);
  for (let y = 0; y < size; y++) {
    rows[y * (size + 1)] = 0; // no filter
    if (y < size / 2) rows.fill(0, y * (size + 1) + 1, y * (size + 1) + size / 2);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = 8; // bits, of greyscale
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 0 })), chunk('IEND', Buffer.alloc(0))]);
}

/** Width and height of a PNG. */
export function pngSize(picture: Buffer): [width: number, height: number] {
  if (picture.toString('latin1', 1, 4) !== 'PNG') throw new Error('expected a PNG');
  return [picture.readUInt32BE(16), picture.readUInt32BE(20)];
}
