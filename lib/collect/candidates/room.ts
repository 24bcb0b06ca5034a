/**
 * The room that is left in a layer. Besides its own bytes, each file takes a line in the record, and its package takes room for licence
 * texts.
 */
import { sizeInLayer } from './stored-size';
import { licencesOf, type Package } from '../../packages/package';
import type { Context } from '../selection/context';
import { RECORD_LINE, RESERVE } from '../selection/size-budget';

export class Room {
  private readonly owners: Set<Package>;

  private constructor(private left: number, owners: Iterable<Package>, private readonly context: Context) {
    this.owners = new Set(owners);
  }

  /** @param files resolved paths of files that are packed already */
  public static beside(files: Iterable<string>, context: Context): Room {
    const room = new Room(context.mostBytes - RESERVE, [], context);
    room.take(files);
    return room;
  }

  public copy(): Room {
    return new Room(this.left, this.owners, this.context);
  }

  /** In bytes; negative if the layer is full. */
  public get bytes(): number {
    return this.left;
  }

  /** @param files resolved paths of files that are packed from now on */
  public take(files: Iterable<string>): void {
    const { root, packages } = this.context;
    for (const real of files) {
      this.left -= sizeInLayer(real, this.context) + RECORD_LINE;
      const owner = packages.ownerOf(real);
      if (owner === undefined || this.owners.has(owner)) continue;
      this.owners.add(owner);
      for (const licence of licencesOf(owner)) if (root.isFile(licence)) this.left -= root.status(root.real(licence)!)!.size;
    }
  }
}
