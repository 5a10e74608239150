//! In which encoding is a text file written, and how is it read as UTF-8 without holding all of it?

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::LoadError;
use crate::cx::Cx;
use crate::recipe::TextEncoding;

/// Bytes read at a time.
pub(super) const BLOCK: usize = 256 * 1024;
/// Bytes that are enough to guess an encoding from.
const GUESS_BYTES: u64 = 4 * 1024 * 1024;

/// Finds the encoding of a file: as set, else by byte order mark, else UTF-8 where all of it is valid, else guessed.
pub(super) fn detect(
    path: &Path,
    wanted: &TextEncoding,
    whole_file: bool,
    cx: &Cx,
) -> Result<&'static Encoding, LoadError> {
    let mut file = File::open(path).map_err(|e| LoadError::io(path, &e))?;
    let mut head = Vec::new();
    file.by_ref().take(BLOCK as u64).read_to_end(&mut head).map_err(|e| LoadError::io(path, &e))?;
    if let TextEncoding::Label(label) = wanted {
        return Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            LoadError::setting(
                "data.csv.encoding",
                format!("{label:?} is no known encoding"),
                "use a WHATWG label such as \"utf-8\", \"windows-1252\", \"utf-16le\" or \"shift_jis\"",
            )
        });
    }
    if let Some((encoding, _)) = Encoding::for_bom(&head) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf16_without_mark(&head) {
        return Ok(encoding);
    }
    if head.contains(&0) {
        return Err(not_text(path));
    }
    file.seek(SeekFrom::Start(0)).map_err(|e| LoadError::io(path, &e))?;
    let limit = if whole_file { u64::MAX } else { BLOCK as u64 };
    if is_utf8(file.by_ref().take(limit), path, cx)? {
        return if mostly_control(&head) { Err(not_text(path)) } else { Ok(UTF_8) };
    }
    if has_control(&head) {
        return Err(not_text(path));
    }
    file.seek(SeekFrom::Start(0)).map_err(|e| LoadError::io(path, &e))?;
    guess(file.take(GUESS_BYTES), path)
}

fn not_text(path: &Path) -> LoadError {
    LoadError::file(
        path,
        "this is neither text nor a known kind of data file",
        "open CSV, TSV, JSON, NDJSON, Parquet or Avro; for text in an unusual encoding set data.csv.encoding",
    )
}

/// UTF-16 of mostly Latin text has a zero in every other byte.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = (head.len() / 2).max(1);
    let zeros_at = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&b| b == 0).count();
    let (even, odd) = (zeros_at(0), zeros_at(1));
    match (even * 100 / pairs, odd * 100 / pairs) {
        (0..=1, 40..) => Some(UTF_16LE),
        (40.., 0..=1) => Some(UTF_16BE),
        _ => None,
    }
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b)
}

fn mostly_control(head: &[u8]) -> bool {
    head.iter().filter(|&&b| is_control(b)).count() * 20 > head.len()
}

fn has_control(head: &[u8]) -> bool {
    head.iter().filter(|&&b| is_control(b)).count() * 500 > head.len()
}

fn is_utf8(mut file: impl Read, path: &Path, cx: &Cx) -> Result<bool, LoadError> {
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    loop {
        cx.check()?;
        let free = block.get_mut(kept..).unwrap_or_default();
        let read = file.read(free).map_err(|e| LoadError::io(path, &e))?;
        let filled = kept + read;
        let bytes = block.get(..filled).unwrap_or_default();
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => filled,
            // A character cut by the end of the block is completed by the next one. (A cut at the end of a file too:
            // the decoder marks it.)
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if read == 0 {
            return Ok(true);
        }
        cx.progress().add(read as u64);
        block.copy_within(valid..filled, 0);
        kept = filled - valid;
    }
}

fn guess(file: impl Read, path: &Path) -> Result<&'static Encoding, LoadError> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let mut bytes = Vec::new();
    let mut file = file;
    file.read_to_end(&mut bytes).map_err(|e| LoadError::io(path, &e))?;
    detector.feed(&bytes, true);
    Ok(detector.guess(None, Utf8Detection::Deny))
}

/// A text as UTF-8, read block by block.
pub(super) struct TextReader {
    source: Box<dyn Read>,
    path: PathBuf,
    decoder: Decoder,
    block: Vec<u8>,
    text: String,
    start: usize,
    ended: bool,
    damaged: bool,
    progress: Option<Cx>,
}

impl TextReader {
    /// Reads a file. Its progress goes to `cx`.
    pub(super) fn open(path: &Path, encoding: &'static Encoding, cx: &Cx) -> Result<Self, LoadError> {
        let file = File::open(path).map_err(|e| LoadError::io(path, &e))?;
        Ok(Self { progress: Some(cx.clone()), ..Self::new(Box::new(file), path, encoding) })
    }

    /// Reads text that is in memory already.
    pub(super) fn of_text(text: &str, path: &Path) -> Self {
        Self::new(Box::new(Cursor::new(text.as_bytes().to_vec())), path, UTF_8)
    }

    fn new(source: Box<dyn Read>, path: &Path, encoding: &'static Encoding) -> Self {
        Self {
            source,
            path: path.to_path_buf(),
            decoder: encoding.new_decoder_with_bom_removal(),
            block: vec![0; BLOCK],
            text: String::new(),
            start: 0,
            ended: false,
            damaged: false,
            progress: None,
        }
    }

    /// The text read and not yet used.
    pub(super) fn text(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// Whether [`TextReader::text`] is all that is left.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether there were bytes that mean nothing in the encoding; they were read as U+FFFD.
    pub(super) fn damaged(&self) -> bool {
        self.damaged
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Marks the first `bytes` of the text, and `end_mark` bytes after them, as used, and returns the first.
    /// Both must lie on character boundaries.
    pub(super) fn consume(&mut self, bytes: usize, end_mark: usize) -> &str {
        let begin = self.start;
        self.start = (begin + bytes + end_mark).min(self.text.len());
        self.text.get(begin..begin + bytes).unwrap_or_default()
    }

    /// Reads more.
    pub(super) fn fill(&mut self) -> Result<(), LoadError> {
        if let Some(cx) = &self.progress {
            cx.check()?;
        }
        self.text.drain(..self.start);
        self.start = 0;
        let read = self.source.read(&mut self.block).map_err(|e| LoadError::io(&self.path, &e))?;
        self.ended = read == 0;
        let bytes = self.block.get(..read).unwrap_or_default();
        self.text.reserve(self.decoder.max_utf8_buffer_length(read).unwrap_or(read * 3 + 16));
        let (_, _, damaged) = self.decoder.decode_to_string(bytes, &mut self.text, self.ended);
        self.damaged |= damaged;
        if let Some(cx) = &self.progress {
            cx.progress().add(read as u64);
        }
        Ok(())
    }
}
