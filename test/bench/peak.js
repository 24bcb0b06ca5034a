/**
 * Required by every Node process of a synth, through NODE_OPTIONS: the one that packs writes its peak memory,
 * in kilobytes, to the file that PEAK names.
 */
const { writeFileSync } = require('fs');

if (process.argv[1]?.endsWith('pack.js')) process.on('exit', () => writeFileSync(process.env.PEAK, `${process.resourceUsage().maxRSS}`));
