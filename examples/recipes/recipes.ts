/**
 * The stacks of all recipes, by the names that `cdk deploy` takes.
 */
import type { App } from 'aws-cdk-lib';
import { Arm64 } from './arm64';
import { GitClone } from './git-clone';
import { HtmlToPdf } from './html-to-pdf';
import { JsonReport } from './json-report';
import { Ocr } from './ocr';
import { OwnProgram } from './own-program';
import { PdfPages } from './pdf-pages';
import { sharedLayer } from './shared-layer';
import { Toolbox } from './toolbox';
import { VideoThumbnail } from './video-thumbnail';

export function recipes(app: App): void {
  new Arm64(app, 'Arm64');
  new GitClone(app, 'GitClone');
  new HtmlToPdf(app, 'HtmlToPdf');
  new JsonReport(app, 'JsonReport');
  new Ocr(app, 'Ocr');
  new OwnProgram(app, 'OwnProgram');
  new PdfPages(app, 'PdfPages');
  new Toolbox(app, 'Toolbox');
  new VideoThumbnail(app, 'VideoThumbnail');
  sharedLayer(app);
}
