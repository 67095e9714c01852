"""Operations on spectra. (They come with the issue on hard operations.)"""
