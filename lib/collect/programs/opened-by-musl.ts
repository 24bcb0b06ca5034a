/**
 * The files that musl opens, determined by the symbols that the objects of a process import. There are few: character sets, locales,
 * name services and protocols (musl src/network/proto.c) are built in.
 */
import { addFound } from './add-files';
import { FROM_C_LIBRARY } from './opened-by-glibc';
import type { Process } from '../../closure/closure';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

/** musl src/network/lookup_serv.c and getnameinfo.c open `/etc/services`. */
const SERVICES = ['getservbyname', 'getservbyname_r', 'getservbyport', 'getservbyport_r', 'getaddrinfo', 'getnameinfo'];

/** @returns resolved paths of the files that are new */
export function dataOfMusl({ objects, interpreter }: Process, delta: Selection, context: Context): string[] {
  const callers = objects.filter(({ real }) => real !== interpreter?.real);
  if (!callers.some(({ elf }) => SERVICES.some((symbol) => elf.dynamic?.imports.has(symbol)))) return [];
  return addFound('/etc/services', { reason: FROM_C_LIBRARY, through: interpreter?.real }, delta, context);
}
