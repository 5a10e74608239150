//! How are the numbers and lengths of a binary file read without believing them?

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Reads a file piece by piece; a length that leads out of the file is an error, never a request for memory.
pub(super) struct Walker {
    reader: BufReader<File>,
    length: u64,
    position: u64,
}

/// An error about the content of a file.
pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Walker {
    pub(super) fn new(file: File) -> io::Result<Self> {
        Ok(Self { length: file.metadata()?.len(), reader: BufReader::with_capacity(4096, file), position: 0 })
    }

    pub(super) fn at_end(&self) -> bool {
        self.position >= self.length
    }

    /// The next bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> io::Result<u8> {
        let [byte] = self.bytes()?;
        Ok(byte)
    }

    /// A whole number of variable length, 7 bits per byte, the lowest first.
    pub(super) fn unsigned(&mut self) -> io::Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged("a number is too long"))
    }

    /// The same with a sign, in the zig-zag form 0, -1, 1, -2, …
    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A count or length that the rest of the file can hold.
    pub(super) fn within(&self, n: i64) -> io::Result<u64> {
        let left = self.length.saturating_sub(self.position);
        u64::try_from(n).ok().filter(|&n| n <= left).ok_or_else(|| damaged("it is cut off, or a length is wrong"))
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, n: i64) -> io::Result<u64> {
        let n = self.within(n)?;
        self.reader.seek_relative(n as i64)?;
        self.position += n;
        Ok(n)
    }

    /// Goes to a position.
    pub(super) fn go_to(&mut self, position: u64) -> io::Result<()> {
        if position > self.length {
            return Err(damaged("it is cut off, or a position is wrong"));
        }
        self.reader.seek(SeekFrom::Start(position))?;
        self.position = position;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length_are_read_and_lengths_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        // 300 = 0b10_0101100, the example of the Protocol Buffers encoding guide; then 1, -2 in zig-zag.
        std::fs::write(&path, [0xac, 0x02, 0x02, 0x03, 9, 9]).unwrap();
        let mut walker = Walker::new(File::open(&path).unwrap()).unwrap();
        assert_eq!((walker.unsigned().unwrap(), walker.signed().unwrap(), walker.signed().unwrap()), (300, 1, -2));
        assert!(walker.skip(3).is_err() && walker.skip(-1).is_err() && !walker.at_end());
        assert_eq!((walker.skip(2).unwrap(), walker.at_end()), (2, true));
        assert!(walker.byte().is_err() && walker.go_to(7).is_err());
    }
}
