/**
 * An ESLint rule that reports the errors of the type checker. `npm test` checks types and style in one process: ESLint has types for some
 * of its rules, and a second process would infer each of them again.
 */
const { ESLintUtils } = require('@typescript-eslint/utils');
const ts = require('typescript');

const checkedPrograms = new WeakSet();

/** @param source `undefined` for the errors of the program's options and global declarations */
function errorsOf(program, source) {
  if (source) return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return [...program.getConfigFileParsingDiagnostics(), ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
}

module.exports = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    Program(node) {
      const { program, esTreeNodeToTSNodeMap } = ESLintUtils.getParserServices(context);
      const report = ({ code, messageText, start }) => context.report({
        ...(start === undefined ? { node } : { loc: context.sourceCode.getLocFromIndex(start) }),
        message: `TS${code}: {{ text }}`,
        data: { text: ts.flattenDiagnosticMessageText(messageText, '\n') },
      });
      if (!checkedPrograms.has(program)) errorsOf(program).forEach(({ code, messageText }) => report({ code, messageText }));
      checkedPrograms.add(program);
      errorsOf(program, esTreeNodeToTSNodeMap.get(node)).forEach(report);
    },
  }),
};
