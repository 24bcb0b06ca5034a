/**
 * What musl opens by itself, as far as the symbols that a process imports call for it. It is little: character sets, locales
 * and name services are built in, and protocols are too (musl src/network/proto.c).
 */
import { Selection } from './selection';
import { Process } from '../closure/closure';

/** musl src/network/lookup_serv.c and getnameinfo.c open `/etc/services`. */
const SERVICES = ['getservbyname', 'getservbyname_r', 'getservbyport', 'getservbyport_r', 'getaddrinfo', 'getnameinfo'];

/** @returns the resolved paths of the files that are new */
export function dataOfMusl({ objects, interpreter }: Process, selection: Selection): string[] {
  const calls = objects.some((object) => object.real !== interpreter?.real && SERVICES.some((symbol) => object.elf.dynamic?.imports.has(symbol)));
  return calls ? selection.add('/etc/services', { reason: 'opened by the C library', through: interpreter?.real }) : [];
}
