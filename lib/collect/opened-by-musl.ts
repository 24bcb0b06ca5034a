/**
 * What musl opens, judged by the symbols that the objects of a process import. It is little: character sets, locales, name
 * services and protocols (musl src/network/proto.c) are built in.
 */
import { addFound } from './add-files';
import { Context } from './context';
import { Selection } from './selection';
import { Process } from '../closure/closure';

/** musl src/network/lookup_serv.c and getnameinfo.c open `/etc/services`. */
const SERVICES = ['getservbyname', 'getservbyname_r', 'getservbyport', 'getservbyport_r', 'getaddrinfo', 'getnameinfo'];

/** @returns resolved paths of the files that are new */
export function dataOfMusl({ objects, interpreter }: Process, delta: Selection, context: Context): string[] {
  const calls = objects.some((object) => object.real !== interpreter?.real && SERVICES.some((symbol) => object.elf.dynamic?.imports.has(symbol)));
  return calls ? addFound('/etc/services', { reason: 'opened by the C library', through: interpreter?.real }, delta, context) : [];
}
